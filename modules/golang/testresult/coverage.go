package testresult

import (
	"fmt"
	"strings"

	"golang.org/x/tools/cover"
)

// coverage counts statements.
type coverage struct {
	statements, covered int
}

// measure counts the statements of a coverage profile. Those of a block that is
// listed more than once count once.
func measure(profile string) (coverage, error) {
	var c coverage
	if profile == "" {
		return c, nil
	}
	files, err := cover.ParseProfilesFromReader(strings.NewReader(profile))
	if err != nil {
		return c, fmt.Errorf("reading a coverage profile: %w", err)
	}
	for _, file := range files {
		for _, block := range file.Blocks {
			c.statements += block.NumStmt
			if block.Count > 0 {
				c.covered += block.NumStmt
			}
		}
	}
	return c, nil
}

func (c coverage) add(other coverage) coverage {
	return coverage{c.statements + other.statements, c.covered + other.covered}
}

// String is the share of statements that tests have run, "-" where there are
// none.
func (c coverage) String() string {
	if c.statements == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(c.covered)/float64(c.statements))
}

// Coverage returns how many statements the tested packages have, and how many of
// them tests have run. Both are 0 where coverage was not asked for.
func (r *Results) Coverage() (covered, statements int) {
	var total coverage
	for _, c := range r.coverage {
		total = total.add(c)
	}
	return total.covered, total.statements
}
