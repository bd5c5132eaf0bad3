package golang_test

import (
	"context"
	"fmt"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/golang"
)

// A pipeline that leaves the program of the module in the working folder in
// dist/app, and an image of it for another architecture in dist/image.tar.
func Example() {
	ctx := context.Background()
	client, err := engine.Connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	source := client.Host().Directory(".", dagger.HostDirectoryOpts{Exclude: []string{".git", "dist"}})
	app := golang.New(client, source, golang.Options{})

	program, err := app.Build(ctx, golang.BuildOptions{Version: "v1.0.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := program.Export(ctx, "dist/app"); err != nil {
		fmt.Println(err)
		return
	}
	image, err := app.Image(ctx, golang.ImageOptions{
		Build: golang.BuildOptions{Version: "v1.0.0", Platform: "linux/arm64"},
		Ports: []int{8080},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := image.Export(ctx, "dist/image.tar"); err != nil {
		fmt.Println(err)
	}
}
