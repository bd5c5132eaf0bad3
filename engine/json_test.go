package engine_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func TestJSONValue(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		empty := e.c.JSON()
		text := func(v *dagger.JSONValue, opts ...dagger.JSONValueContentsOpts) string {
			contents, err := v.Contents(ctx, opts...)
			require.NoError(t, err)
			return string(contents)
		}
		require.Equal(t, "null", text(empty))
		require.Equal(t, "true", text(empty.NewBoolean(true)))
		require.Equal(t, "-7", text(empty.NewInteger(-7)))
		require.Equal(t, `"<a> & \"b\""`, text(empty.NewString(`<a> & "b"`)))
		given := ` {"b":1e3, "a":12345678901234567890} `
		require.Equal(t, given, text(empty.WithContents(dagger.JSON(given))), "contents stay as they are given")

		file := e.c.File("v.json", `{"name": "x", "list": [1, "two", {"three": 3}], "deep": {"er": {"on": true}}, "big": 12345678901234567890}`)
		v := file.AsJSON()
		fields, err := v.Fields(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"big", "deep", "list", "name"}, fields)
		on, err := v.Field([]string{"deep", "er", "on"}).AsBoolean(ctx)
		require.NoError(t, err)
		require.True(t, on)
		name, err := v.Field([]string{"name"}).AsString(ctx)
		require.NoError(t, err)
		require.Equal(t, "x", name)
		list, err := v.Field([]string{"list"}).AsArray(ctx)
		require.NoError(t, err)
		require.Len(t, list, 3)
		one, err := list[0].AsInteger(ctx)
		require.NoError(t, err)
		require.Equal(t, 1, one)
		require.Equal(t, `{"three":3}`, text(&list[2]))
		require.Equal(t, "12345678901234567890", text(v.Field([]string{"big"})), "numbers keep their digits")

		set := empty.WithField([]string{"a", "b"}, empty.NewString("c")).WithField([]string{"z"}, empty).WithField([]string{"a", "b", "d"}, empty.NewInteger(1))
		require.Equal(t, `{"a":{"b":{"d":1}},"z":null}`, text(set))
		require.Equal(t, "{\n  \"a\": {\n    \"b\": {\n      \"d\": 1\n    }\n  },\n  \"z\": null\n}", text(set, dagger.JSONValueContentsOpts{Pretty: true}))
		require.Equal(t, "[\n\t1\n]", text(empty.WithContents("[1]"), dagger.JSONValueContentsOpts{Pretty: true, Indent: "\t"}))

		id, err := set.ID(ctx)
		require.NoError(t, err)
		loaded, err := dagger.Load[*dagger.JSONValue](ctx, e.c, id)
		require.NoError(t, err)
		require.Equal(t, text(set), text(loaded))

		for want, call := range map[string]func() error{
			`invalid JSON`:                                  func() error { _, err := empty.WithContents("{").Contents(ctx); return err },
			`there is more after the value`:                 func() error { _, err := empty.WithContents("1 2").Contents(ctx); return err },
			`the JSON value is an object, not an array`:     func() error { _, err := v.AsArray(ctx); return err },
			`the JSON value is a string, not a number`:      func() error { _, err := v.Field([]string{"name"}).AsInteger(ctx); return err },
			`the JSON value has no field "deep.none"`:       func() error { _, err := v.Field([]string{"deep", "none"}).AsString(ctx); return err },
			`"name" is a string, not an object`:             func() error { _, err := v.Field([]string{"name", "x"}).AsString(ctx); return err },
			`is no integer that the API's numbers can hold`: func() error { _, err := v.Field([]string{"big"}).AsInteger(ctx); return err },
			`reading notes: invalid JSON`:                   func() error { _, err := e.c.File("notes", "hello").AsJSON().AsString(ctx); return err },
		} {
			require.ErrorContains(t, call(), want)
		}
	})
}
