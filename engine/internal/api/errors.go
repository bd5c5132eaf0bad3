package api

import (
	"errors"
	"fmt"
	"regexp"

	gqlerrors "github.com/graph-gophers/graphql-go/errors"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

var (
	unknownField    = regexp.MustCompile(`^Cannot query field "(\w+)" on type "(\w+)"`)
	unknownArgument = regexp.MustCompile(`^Unknown argument "(\w+)" on field "(\w+)\.(\w+)"`)
)

// otherEngine is where what is not served can be had.
const otherEngine = "run this pipeline on a Dagger engine (--engine dagger, or inside `dagger run`)"

// refusal is what is said of a part of the Dagger API that is not served.
func refusal(what string) string {
	return fmt.Sprintf("%s is not served by Bodkin's engine. Do without it, or %s", what, otherEngine)
}

// explain puts an error of the GraphQL library into the user's terms.
func explain(err *gqlerrors.QueryError) {
	if m := unknownField.FindStringSubmatch(err.Message); m != nil {
		err.Message = refusal(m[2] + "." + m[1])
	} else if m := unknownArgument.FindStringSubmatch(err.Message); m != nil {
		err.Message = refusal("Option " + m[1] + " of " + m[2] + "." + m[3])
	} else if err.Rule == "OverlapValidationLimitExceeded" {
		err.Message = errTooWide.Error()
	}
}

// errClosed answers what is asked of a client after its Close.
var errClosed = errors.New("the client is closed: connect again")

// notServed refuses an option that the schema knows but this engine cannot honour.
func notServed(what string) error { return errors.New(refusal(what)) }

// execError is an exec's failure as the SDK understands it.
type execError struct{ *buildkit.ExecError }

// Extensions is what the SDK makes its *dagger.ExecError of.
func (e execError) Extensions() map[string]any {
	return map[string]any{
		"_type":    "EXEC_ERROR",
		"cmd":      e.Cmd,
		"exitCode": e.ExitCode,
		"stdout":   e.Stdout,
		"stderr":   e.Stderr,
	}
}

// wrap gives errors of evaluations the form that the SDK understands.
func wrap(err error) error {
	var exec *buildkit.ExecError
	if errors.As(err, &exec) {
		return execError{exec}
	}
	return err
}
