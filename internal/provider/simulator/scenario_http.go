package simulator

import (
	"errors"
	"io"
	"net/http"
	"time"

	"creditmsg/internal/money"
)

// scenarioLimit is far above what any scenario needs.
const scenarioLimit = 1 << 20

// scenarioView is a scenario as GET /_sim/scenario shows it: all keys, and what may
// be put again.
type scenarioView struct {
	Seed        uint64             `json:"seed"`
	AcceptDelay string             `json:"accept_delay"`
	ReportDelay string             `json:"report_delay"`
	AnswerDelay string             `json:"answer_delay"`
	Refuse      map[string]float64 `json:"refuse"`
	Fail        map[string]float64 `json:"fail"`
	Duplicate   float64            `json:"duplicate"`
	Reorder     float64            `json:"reorder"`
	Late        float64            `json:"late"`
	TooMany     float64            `json:"http_429"`
	ErrorBefore float64            `json:"http_5xx_before"`
	ErrorAfter  float64            `json:"http_5xx_after"`
	Cut         float64            `json:"cut"`
	Timeout     float64            `json:"timeout"`
	Balance     *money.Amount      `json:"balance"` // null = left alone
	Lookup      bool               `json:"lookup"`
	Senders     []string           `json:"senders"`
	Inspector   string             `json:"inspector"`
	Says        string             `json:"inspector_says"`
}

// getScenario answers GET /_sim/scenario.
func (s *Simulator) getScenario(w http.ResponseWriter, _ *http.Request) {
	sc := s.Scenario()
	view := scenarioView{sc.Seed, shown(sc.AcceptDelay), shown(sc.ReportDelay), shown(sc.AnswerDelay), map[string]float64{}, map[string]float64{},
		sc.Duplicate, sc.Reorder, sc.Late, sc.TooMany, sc.ErrorBefore, sc.ErrorAfter, sc.Cut, sc.Timeout, sc.Balance, !sc.NoLookup,
		[]string{}, orElse(sc.Inspector, inspectorApproves), sc.InspectorSays}
	view.Senders = append(view.Senders, sc.Senders...)
	if sc.Refuse != nil {
		view.Refuse = sc.Refuse
	}
	if sc.Fail != nil {
		view.Fail = sc.Fail
	}
	write(w, http.StatusOK, view)
}

func shown(d time.Duration) string { return max(d, 0).String() }

// putScenario answers PUT /_sim/scenario with the scenario then in force.
func (s *Simulator) putScenario(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, scenarioLimit))
	if err != nil {
		write(w, http.StatusBadRequest, map[string]any{"error": "the scenario cannot be read, or is over 1 MB"})
		return
	}
	sc, err := ParseScenario(text)
	if m, ok := errors.AsType[*Misreading](err); ok {
		write(w, http.StatusBadRequest, map[string]any{"error": m.Error(), "line": m.Line, "key": m.Key})
		return
	}
	s.Play(sc)
	s.getScenario(w, r)
}
