export default async function tearDown() {
  await Promise.all([globalThis.posternTestServer?.stop(), globalThis.posternTestKafka?.stop()]);
}
