/** `npm run lint:links`: a link to a file or a heading that does not exist is an error. */
export default { plugins: [['remark-validate-links', { repository: false }]] };
