package debian_test

import (
	"context"
	"fmt"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/debian"
)

// A C program, compiled with Debian's compiler.
func Example() {
	ctx := context.Background()
	client, err := engine.Connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	base, err := debian.New(client, debian.Options{
		Packages: []string{"gcc", "libc6-dev", "make"},
		Lock:     "ci/debian.lock",
	}).Base(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := base.
		WithDirectory("/src", client.Host().Directory(".")).
		WithWorkdir("/src").
		WithExec([]string{"make"}).
		File("program").Export(ctx, "dist/program"); err != nil {
		fmt.Println(err)
	}
}
