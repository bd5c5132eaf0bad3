package rust_test

import (
	"context"
	"fmt"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

// A pipeline that checks the package in the working folder, and leaves an image
// of its program in dist/image.tar.
func Example() {
	ctx := context.Background()
	client, err := engine.Connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	source := client.Host().Directory(".", dagger.HostDirectoryOpts{Gitignore: true, Exclude: []string{".git", "dist"}})
	app := rust.New(client, source, rust.Options{})

	if err := app.Clippy(ctx, rust.ClippyOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	results, err := app.Test(ctx, rust.TestOptions{})
	if err == nil {
		err = results.Err()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	image, err := app.Image(ctx, rust.ImageOptions{Ports: []int{8080}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := image.Export(ctx, "dist/image.tar"); err != nil {
		fmt.Println(err)
	}
}
