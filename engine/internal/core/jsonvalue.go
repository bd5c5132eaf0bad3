package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// JSONValue is a value, encoded as JSON.
type JSONValue []byte

// NewJSON encodes a value.
func NewJSON(v any) (JSONValue, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// ParseJSON takes an encoded value as it is, and refuses what is no JSON.
func ParseJSON(contents []byte) (JSONValue, error) {
	if _, err := JSONValue(contents).decode(); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	return contents, nil
}

// decode keeps numbers as they are written.
func (v JSONValue) decode() (any, error) {
	d := json.NewDecoder(bytes.NewReader(v))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("it ends too early")
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the value")
	}
	return out, nil
}

// kind names what a decoded value is, for messages.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}

// jsonAs decodes a value of one kind: bool, string, json.Number, []any or
// map[string]any.
func jsonAs[T any](v JSONValue, want string) (T, error) {
	var none T
	decoded, err := v.decode()
	if err != nil {
		return none, err
	}
	out, ok := decoded.(T)
	if !ok {
		return none, fmt.Errorf("the JSON value is %s, not %s", kind(decoded), want)
	}
	return out, nil
}

// Bool is a boolean.
func (v JSONValue) Bool() (bool, error) { return jsonAs[bool](v, "a boolean") }

// Text is a string.
func (v JSONValue) Text() (string, error) { return jsonAs[string](v, "a string") }

// Int is a number without fraction that the API's numbers can hold.
func (v JSONValue) Int() (int32, error) {
	if _, err := jsonAs[json.Number](v, "a number"); err != nil {
		return 0, err
	}
	var out int32
	if err := json.Unmarshal(v, &out); err != nil {
		return 0, fmt.Errorf("the JSON value %s is no integer that the API's numbers can hold", v)
	}
	return out, nil
}

// Array is the elements of an array.
func (v JSONValue) Array() ([]JSONValue, error) {
	elements, err := jsonAs[[]any](v, "an array")
	if err != nil {
		return nil, err
	}
	out := make([]JSONValue, len(elements))
	for i, element := range elements {
		if out[i], err = NewJSON(element); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Fields are the names of an object's fields, in order.
func (v JSONValue) Fields() ([]string, error) {
	object, err := jsonAs[map[string]any](v, "an object")
	return append([]string{}, slices.Sorted(maps.Keys(object))...), err
}

// Field is what is at a path of field names; the empty path is the value itself.
func (v JSONValue) Field(path []string) (JSONValue, error) {
	current, err := v.decode()
	if err != nil {
		return nil, err
	}
	for i, name := range path {
		object, ok := current.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("looking for field %q in JSON: %q is %s, not an object", name, strings.Join(path[:i], "."), kind(current))
		}
		if current, ok = object[name]; !ok {
			return nil, fmt.Errorf("the JSON value has no field %q", strings.Join(path[:i+1], "."))
		}
	}
	return NewJSON(current)
}

// WithField sets what is at a path of field names. What is on the way and no
// object becomes one.
func (v JSONValue) WithField(path []string, value JSONValue) (JSONValue, error) {
	if len(path) == 0 {
		return value, nil
	}
	decoded, err := v.decode()
	if err != nil {
		return nil, err
	}
	set, err := value.decode()
	if err != nil {
		return nil, err
	}
	root, ok := decoded.(map[string]any)
	if !ok {
		root = map[string]any{}
	}
	current := root
	for _, name := range path[:len(path)-1] {
		next, ok := current[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			current[name] = next
		}
		current = next
	}
	current[path[len(path)-1]] = set
	return NewJSON(root)
}

// Pretty is the value with a line for each element.
func (v JSONValue) Pretty(indent string) (string, error) {
	decoded, err := v.decode()
	if err != nil {
		return "", err
	}
	sorted, err := NewJSON(decoded)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = json.Indent(&out, sorted, "", indent)
	return out.String(), err
}
