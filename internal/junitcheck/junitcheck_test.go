package junitcheck_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/junitcheck"
)

// suites puts tests into a valid file.
func suites(tests string) string {
	return fmt.Sprintf(`<?xml version="1.0"?><testsuites time="1.5"><testsuite name="s" tests="1" failures="0" errors="0" time="1">%s</testsuite></testsuites>`, tests)
}

func TestCheck(t *testing.T) {
	const sound = `<testcase name="a" classname="p" time="0.010"><failure message="m">why</failure></testcase>`
	require.NoError(t, junitcheck.Check(strings.NewReader(suites(sound))))
	for file, message := range map[string]string{
		"":      "EOF",
		"<a/>":  `element a in ""`,
		"<a>":   `element a in ""`,
		"words": `text "words"`,
		`<testsuites time="1" skipped="1"></testsuites>`:                                      "element testsuites has attribute skipped",
		`<testsuites time="1s"></testsuites>`:                                                 `time "1s" of element testsuites`,
		suites(sound) + suites(""):                                                            "JUnit XML",
		suites(sound + sound):                                                                 "test a of p is there twice",
		suites(`<testcase name="a" time="1"/>`):                                               "element testcase has no classname",
		suites(`<testcase name="" classname="p" time="1"/>`):                                  "element testcase has no name",
		suites(`<testcase name="a" classname="p" time="1"><skipped message="m"/></testcase>`): "element skipped has no content",
		suites(`<testcase name="a" classname="p" time="1">text</testcase>`):                   `text "text" in "testsuites/testsuite/testcase"`,
		suites("<testcase"):                                                                   "syntax error",
	} {
		require.ErrorContains(t, junitcheck.Check(strings.NewReader(file)), message, file)
	}
}
