package engine_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

func TestEnvFile(t *testing.T) {
	t.Setenv("BODKIN_TEST_OUTER", "from outside")
	e := envOf(t, enginetest.Engines(t)[0])
	ctx := t.Context()
	file := e.c.File(".env", `# settings
PLAIN=a   b c
QUOTED="two words"
SINGLE='not $EXPANDED'

export EXPORTED=yes
LATER=${ANIMAL}s
ANIMAL=dog
OUTER=$BODKIN_TEST_OUTER
DEFAULT=${MISSING:-none}
EMPTY=
MADE=x${EMPTY}y
JSON={"name": "John", "age": 58}
SPACES=a\ b
MONEY=5$
TWICE=first
TWICE=second
`).AsEnvFile()
	values := func(f *dagger.EnvFile, raw bool) (names []string, byName map[string]string) {
		all, err := f.Variables(ctx, dagger.EnvFileVariablesOpts{Raw: raw})
		require.NoError(t, err)
		byName = map[string]string{}
		for _, v := range all {
			name, err := v.Name(ctx)
			require.NoError(t, err)
			names = append(names, name)
			byName[name], err = v.Value(ctx)
			require.NoError(t, err)
		}
		return names, byName
	}
	names, got := values(file, false)
	require.Equal(t, []string{
		"PLAIN", "QUOTED", "SINGLE", "EXPORTED", "LATER", "ANIMAL", "OUTER", "DEFAULT", "EMPTY", "MADE", "JSON", "SPACES", "MONEY", "TWICE",
	}, names)
	require.Equal(t, map[string]string{
		"PLAIN": "a   b c", "QUOTED": "two words", "SINGLE": "not $EXPANDED", "EXPORTED": "yes", "LATER": "dogs", "ANIMAL": "dog",
		"OUTER": "from outside", "DEFAULT": "none", "EMPTY": "", "MADE": "xy", "JSON": "{name: John, age: 58}", "SPACES": "a b", "MONEY": "5$", "TWICE": "second",
	}, got)
	_, raw := values(file, true)
	require.Equal(t, `"two words"`, raw["QUOTED"])
	require.Equal(t, "${ANIMAL}s", raw["LATER"])

	value, err := file.Get(ctx, "LATER")
	require.NoError(t, err)
	require.Equal(t, "dogs", value)
	value, err = file.Get(ctx, "LATER", dagger.EnvFileGetOpts{Raw: true})
	require.NoError(t, err)
	require.Equal(t, "${ANIMAL}s", value)
	value, err = file.Get(ctx, "NONE")
	require.NoError(t, err)
	require.Empty(t, value)
	for name, want := range map[string]bool{"EMPTY": true, "EXPORTED": true, "# settings": false, "NONE": false} {
		exists, err := file.Exists(ctx, name)
		require.NoError(t, err)
		require.Equal(t, want, exists, name)
	}

	made := e.c.EnvFile().WithVariable("A", "1").WithVariable("B", "$A 2").WithVariable("C", "3").WithoutVariable("C").WithVariable("A", "one")
	contents, err := made.AsFile().Contents(ctx)
	require.NoError(t, err)
	require.Equal(t, "A=one\nB=$A 2\n", contents)
	name, err := made.AsFile().Name(ctx)
	require.NoError(t, err)
	require.Equal(t, ".env", name)

	app := e.c.EnvFile().WithVariable("MY_APP_TOKEN", "top'secret").WithVariable("my_app_NAME", "hello").WithVariable("FOO", "bar").WithVariable("MY_APP_", "no name")
	for _, prefix := range []string{"MY_APP_", "my-app", "MY_APP"} {
		_, got := values(app.WithoutVariable("MY_APP_TOKEN").WithVariable("MY_APP_TOKEN", `"top'secret"`).Namespace(prefix), false)
		require.Equal(t, map[string]string{"TOKEN": "top'secret", "NAME": "hello"}, got, prefix)
	}

	ctr := e.c.Container().WithEnvVariable("B", "old").WithEnvFileVariables(made)
	b, err := ctr.EnvVariable(ctx, "B")
	require.NoError(t, err)
	require.Equal(t, "one 2", b)

	for want, f := range map[string]*dagger.EnvFile{
		"reading variable A: ":         e.c.EnvFile().WithVariable("A", "$MISSING_FOR_SURE"),
		"variable A is made of itself": e.c.EnvFile().WithVariable("A", "$B").WithVariable("B", "${A}x"),
		"its value is no shell syntax": e.c.EnvFile().WithVariable("A", `"open`),
	} {
		_, err := f.Variables(ctx)
		require.ErrorContains(t, err, want)
	}
}
