import type { ReactNode } from 'react';
import classes from './FirstSteps.module.css';

interface Props {
  readonly title: string;
  /** What this is about, in a sentence or two. */
  readonly children: ReactNode;
  readonly steps: readonly { readonly title: string; readonly text: ReactNode; readonly action?: ReactNode }[];
}

/** In place of a list in which nothing ever was: what to do first. */
export function FirstSteps({ title, children, steps }: Props) {
  return (
    <section className={classes['first']}>
      <h2>{title}</h2>
      <p>{children}</p>
      <ol>
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
