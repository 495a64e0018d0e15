import { Module } from '@nestjs/common';
import { ListAnswers } from './list-answers.js';

/** For every service with lists: imported by several in one process, they share its limits. */
@Module({ providers: [ListAnswers], exports: [ListAnswers] })
export class ListAnswersModule {}
