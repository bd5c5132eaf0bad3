package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/bodkin-ci/bodkin/engine"
)

func schemaCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "schema",
		Short:   "Print the schema of the API that is served",
		Long:    "Print the schema of the API that is served, in GraphQL's schema language or as\nintrospection gives it, for tools that make clients or check queries.",
		Example: "  go run ./ci schema\n  go run ./ci schema --json",
		Args:    noArguments("it has only flags"),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return failed(printIntrospection())
			}
			sdl, err := engine.Schema()
			if err == nil {
				_, err = fmt.Print(sdl)
			}
			return failed(err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as the answer to an introspection query")
	return cmd
}

func printIntrospection() error {
	compact, err := engine.SchemaJSON()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(os.Stdout)
	return err
}
