export { asking, type Answer, type Ask } from './asking.js';
export { startPosternProcess, type PosternProcess } from './postern-process.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
