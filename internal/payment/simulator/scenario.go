package simulator

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"creditmsg/internal/money"
)

// Share is a part of 1, in ten-thousandths.
type Share uint16

// whole is the Share of everything.
const whole Share = 10_000

// UnmarshalYAML reads a decimal from 0 to 1 with at most four places.
func (p *Share) UnmarshalYAML(text []byte) error {
	n, err := money.Parse(strings.TrimSpace(string(text))) // which has four places too
	if err != nil || n > money.Amount(whole) {
		return errors.New("a share from 0 to 1 with at most four places is wanted, such as 0.05, not " + string(text))
	}
	*p = Share(n)
	return nil
}

// MarshalText gives the decimal back.
func (p Share) MarshalText() ([]byte, error) { return money.Amount(p).MarshalText() }

// Scenario says how often what goes wrong. Cards and payers of the table keep to the table.
// The zero Scenario changes nothing.
type Scenario struct {
	// Seed decides what shares fall on. 0 = that of Options.
	Seed uint64 `yaml:"seed" json:"seed"`

	// AnswerDelay passes before a request to a gateway is looked at.
	AnswerDelay time.Duration `yaml:"answer_delay" json:"answer_delay"`

	// Refuse is the share of payments that are refused, by the vendor's code; RefuseCancel
	// that of cancellations.
	Refuse       map[string]Share `yaml:"refuse" json:"refuse"`
	RefuseCancel map[string]Share `yaml:"refuse_cancel" json:"refuse_cancel"`

	// Shares of the requests that move money. Together they are at most 1, since a request
	// meets one of them.
	TooMany       Share `yaml:"http_429" json:"http_429"`
	ErrorBefore   Share `yaml:"http_5xx_before" json:"http_5xx_before"`
	ErrorAfter    Share `yaml:"http_5xx_after" json:"http_5xx_after"`
	Cut           Share `yaml:"cut" json:"cut"`
	Timeout       Share `yaml:"timeout" json:"timeout"`               // the money moved
	TimeoutBefore Share `yaml:"timeout_before" json:"timeout_before"` // it did not
	InProgress    Share `yaml:"in_progress" json:"in_progress"`
	Strange       Share `yaml:"partner_error" json:"partner_error"`

	// Shares of notices: sent twice, sent after the next one of the payment, sent late, and
	// behind one of somebody else's that claims the same (of Stripe alone, which signs them).
	Duplicate Share `yaml:"duplicate" json:"duplicate"`
	Reorder   Share `yaml:"reorder" json:"reorder"`
	Late      Share `yaml:"late" json:"late"`
	Forged    Share `yaml:"forged" json:"forged"`

	// Reverse is the share of deposits that their bank takes back.
	Reverse Share `yaml:"reverse" json:"reverse"`

	// NoLookup makes a gateway that cannot be asked: reading is answered 500.
	NoLookup bool `yaml:"no_lookup" json:"no_lookup"`
}

// ParseScenario reads a scenario from YAML or JSON. A key that is not known, or a value that
// makes no sense, is an error that names its line.
func ParseScenario(text []byte) (Scenario, error) {
	var sc Scenario
	if err := yaml.UnmarshalWithOptions(text, &sc, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return Scenario{}, fmt.Errorf("read scenario: %w", err)
	}
	requests := total(sc.TooMany, sc.ErrorBefore, sc.ErrorAfter, sc.Cut, sc.Timeout, sc.TimeoutBefore, sc.InProgress, sc.Strange)
	if requests > int(whole) || sum(sc.Refuse) > int(whole) || sum(sc.RefuseCancel) > int(whole) || sc.AnswerDelay < 0 {
		return Scenario{}, errors.New("read scenario: shares are more than 1 together, or a time is negative")
	}
	return sc, nil
}

func total(shares ...Share) (n int) {
	for _, p := range shares {
		n += int(p)
	}
	return n
}

func sum(shares map[string]Share) (n int) {
	for _, p := range shares {
		n += int(p)
	}
	return n
}

// Play puts a scenario into force, in place of the one before.
func (s *Simulator) Play(sc Scenario) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(sc)
}

// begin puts sc into force. The caller holds the lock.
func (s *Simulator) begin(sc Scenario) {
	if sc.Seed == 0 {
		sc.Seed = s.options.Seed
	}
	s.scenario, s.met = sc, map[string]uint64{}
}

func (s *Simulator) getScenario(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	sc := s.scenario
	s.mu.Unlock()
	write(w, http.StatusOK, struct {
		Scenario
		AnswerDelay string `json:"answer_delay"`
	}{sc, sc.AnswerDelay.String()})
}

// putScenario answers with the scenario then in force.
func (s *Simulator) putScenario(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		return
	}
	sc, err := ParseScenario(text)
	if err != nil {
		write(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	s.Play(sc)
	s.getScenario(w, r)
}
