package report

import (
	"encoding/json"
	"io"
)

// SummaryJSON writes what Summary writes as one JSON object on one line:
//
//	{"summary":{"steps":[{"step":…,"status":…,"vertices":{…},"seconds":…,"files":[…]}],
//	            "vertices":{"cached":…,"run":…},"seconds":…}}
func SummaryJSON(out io.Writer, rows []Row, total Total) error {
	type jsonRow struct {
		Row
		Seconds float64 `json:"seconds"`
	}
	type summary struct {
		Steps    []jsonRow `json:"steps"`
		Vertices any       `json:"vertices"`
		Seconds  float64   `json:"seconds"`
	}
	sum := summary{Steps: []jsonRow{}, Vertices: total.Counts, Seconds: total.Time.Seconds()}
	for _, row := range rows {
		sum.Steps = append(sum.Steps, jsonRow{Row: row, Seconds: row.Time.Seconds()})
	}
	return json.NewEncoder(out).Encode(map[string]summary{"summary": sum})
}
