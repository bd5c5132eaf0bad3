package testresult

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"gotest.tools/gotestsum/testjson"
)

// WriteJUnit writes the results as JUnit XML: a suite for each package, whose
// import path is the class name of its tests.
func (r *Results) WriteJUnit(out io.Writer) error {
	var suites junit.Testsuites
	var total float64
	for _, name := range r.order {
		pkg := r.execution.Package(name)
		if pkg == nil {
			continue
		}
		suite := r.suite(name, pkg)
		suite.ID = len(suites.Suites)
		total += pkg.Elapsed().Seconds()
		suites.AddSuite(suite)
	}
	suites.Time = fmt.Sprintf("%.3f", total)
	suites.Skipped = 0 // strict readers know no such attribute here
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	return suites.WriteXML(out)
}

func (r *Results) suite(name string, pkg *testjson.Package) junit.Testsuite {
	suite := junit.Testsuite{Name: name, Time: fmt.Sprintf("%.3f", pkg.Elapsed().Seconds())}
	if !pkg.Start.IsZero() {
		suite.SetTimestamp(pkg.Start)
	}
	for _, test := range pkg.Passed {
		suite.AddTestcase(testcase(test))
	}
	for _, test := range pkg.Skipped {
		c := testcase(test)
		c.Skipped = reason(r.lines(test), "Skipped")
		suite.AddTestcase(c)
	}
	failed := pkg.Failed
	if pkg.TestMainFailed() {
		failed = append(failed[:len(failed):len(failed)], testjson.TestCase{Package: name, Test: "TestMain"})
	}
	for _, test := range failed {
		c := testcase(test)
		shown := test
		if test.ID == 0 { // what the package itself printed
			shown.Test = ""
		}
		c.Failure = reason(r.lines(shown), "Failed")
		suite.AddTestcase(c)
	}
	return suite
}

// reason is what a test printed, whose first line is the message. Some readers
// show one of them, some the other.
func reason(lines []string, otherwise string) *junit.Result {
	text := printable(strings.Join(lines, "\n"))
	if text == "" {
		text = otherwise
	}
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return &junit.Result{Message: first, Data: text}
}

func testcase(test testjson.TestCase) junit.Testcase {
	return junit.Testcase{
		Name:      printable(test.Test.Name()),
		Classname: test.Package,
		Time:      fmt.Sprintf("%.3f", max(0, test.Elapsed.Seconds())),
	}
}

// printable leaves out what XML cannot hold, such as the escapes of colours.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || c == '\n' || c >= 0x20 && c != 0xFFFE && c != 0xFFFF {
			return c
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
