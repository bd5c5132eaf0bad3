"""Builds, runs and exports with the Dagger SDK for Python; prints what it saw as JSON."""

import asyncio
import json

import dagger
from dagger import dag

BUSYBOX = "/usr/bin/busybox"


async def main() -> None:
    async with dagger.connection():
        base = dag.container().import_(dag.host().file("base.tar"))
        cache = dag.cache_volume("sdk-python")

        def sh(ctr: dagger.Container, script: str) -> dagger.Container:
            return ctr.with_exec([BUSYBOX, "sh", "-ec", script])

        cached = (
            base.with_workdir("/src")
            .with_directory(".", dag.host().directory("src"))
            .with_mounted_cache("/cache", cache)
        )
        built = sh(
            cached,
            f"{BUSYBOX} tr a-z A-Z < greeting.txt > /cache/kept; {BUSYBOX} cp /cache/kept out.txt",
        )
        built = await built.sync()
        kept = await sh(cached, f"{BUSYBOX} cat /cache/kept").stdout()

        web = (
            base.with_new_file("/www/index.html", "served\n")
            .with_exposed_port(8080)
            .as_service(args=[BUSYBOX, "httpd", "-f", "-p", "8080", "-h", "/www"])
        )
        served = await sh(
            base.with_service_binding("web", web), f"{BUSYBOX} wget -qO- http://web:8080/"
        ).stdout()

        await built.file("out.txt").export("out/result.txt")

        try:
            await sh(base, "echo said; echo wrong >&2; exit 3").stdout()
            failure = None
        except dagger.ExecError as e:
            failure = {"exitCode": e.exit_code, "stdout": e.stdout, "stderr": e.stderr}

        secret = dag.set_secret("password", "open sesame")
        masked = await sh(base.with_secret_variable("PASSWORD", secret), "echo it is $PASSWORD").stdout()

        print(json.dumps({
            "version": await dag.version(),
            "entries": await built.directory(".").entries(),
            "kept": kept, "served": served, "failure": failure, "masked": masked,
        }))


asyncio.run(main())
