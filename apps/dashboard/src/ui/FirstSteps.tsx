import type { ReactNode } from 'react';
import classes from './FirstSteps.module.css';
import numbered from './steps.module.css';

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  readonly steps: readonly { readonly title: string; readonly text: ReactNode; readonly action?: ReactNode }[];
}

export function FirstSteps({ title, children, steps }: Props) {
  return (
    <section className={classes['first']}>
      <h2>{title}</h2>
      <p>{children}</p>
      <ol className={numbered['steps']}>
        {steps.map((step) => (
          <li key={step.title}>
            <h3>{step.title}</h3>
            <p>{step.text}</p>
            {step.action}
          </li>
        ))}
      </ol>
    </section>
  );
}
