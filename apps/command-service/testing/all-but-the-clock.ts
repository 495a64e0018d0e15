/** For `jest.useFakeTimers`: only what says which time it is becomes another; all waiting goes on as it is. */
export const ALL_BUT_THE_CLOCK =
  'hrtime nextTick performance queueMicrotask setImmediate clearImmediate setInterval clearInterval setTimeout clearTimeout'.split(
    ' ',
  ) as 'hrtime'[];
