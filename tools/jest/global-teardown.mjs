export default async function tearDown() {
  await globalThis.posternTestServer?.stop();
}
