// Builds, runs and exports with the Dagger SDK for TypeScript; prints what it saw as JSON.
import { connection, dag, Container, ExecError } from "@dagger.io/dagger"

const busybox = "/usr/bin/busybox"
const sh = (ctr: Container, script: string): Container => ctr.withExec([busybox, "sh", "-ec", script])

await connection(async () => {
  const base = dag.container().import_(dag.host().file("base.tar"))
  const cache = dag.cacheVolume("sdk-typescript")

  const cached = base
    .withWorkdir("/src")
    .withDirectory(".", dag.host().directory("src"))
    .withMountedCache("/cache", cache)
  let built = sh(
    cached,
    `${busybox} tr a-z A-Z < greeting.txt > /cache/kept; ${busybox} cp /cache/kept out.txt`,
  )
  built = await built.sync()
  const kept = await sh(cached, `${busybox} cat /cache/kept`).stdout()

  const web = base
    .withNewFile("/www/index.html", "served\n")
    .withExposedPort(8080)
    .asService({ args: [busybox, "httpd", "-f", "-p", "8080", "-h", "/www"] })
  const served = await sh(base.withServiceBinding("web", web), `${busybox} wget -qO- http://web:8080/`).stdout()

  await built.file("out.txt").export("out/result.txt")

  let failure: object | null = null
  try {
    await sh(base, "echo said; echo wrong >&2; exit 3").stdout()
  } catch (e) {
    if (!(e instanceof ExecError)) throw e
    failure = { exitCode: e.exitCode, stdout: e.stdout, stderr: e.stderr }
  }

  const secret = dag.setSecret("password", "open sesame")
  const masked = await sh(base.withSecretVariable("PASSWORD", secret), "echo it is $PASSWORD").stdout()

  console.log(
    JSON.stringify({
      version: await dag.version(),
      entries: await built.directory(".").entries(),
      kept, served, failure, masked,
    }),
  )
})
