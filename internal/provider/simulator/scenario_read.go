package simulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"creditmsg/internal/money"
)

// Misreading says where a scenario cannot be read.
type Misreading struct {
	Line   int    // from 1
	Key    string // such as fail.3104; empty when no key is to blame
	Detail string
}

// Error names line and key.
func (m *Misreading) Error() string { return fmt.Sprintf("line %d: %s", m.Line, m.Told()) }

// Told names the key alone, for who names the line in another way.
func (m *Misreading) Told() string {
	if m.Key == "" {
		return m.Detail
	}
	return m.Key + ": " + m.Detail
}

// reader reads the value n of a key into sc.
type reader func(sc *Scenario, key string, n ast.Node) error

// scenarioKeys are the keys and what reads them.
var scenarioKeys = map[string]reader{
	"seed":            readSeed,
	"accept_delay":    readDelay(func(sc *Scenario) *time.Duration { return &sc.AcceptDelay }),
	"report_delay":    readDelay(func(sc *Scenario) *time.Duration { return &sc.ReportDelay }),
	"answer_delay":    readDelay(func(sc *Scenario) *time.Duration { return &sc.AnswerDelay }),
	"refuse":          readCodes(func(sc *Scenario) *map[string]float64 { return &sc.Refuse }, 1000, 1999),
	"fail":            readCodes(func(sc *Scenario) *map[string]float64 { return &sc.Fail }, 2001, 3999),
	"duplicate":       readPart(func(sc *Scenario) *float64 { return &sc.Duplicate }),
	"reorder":         readPart(func(sc *Scenario) *float64 { return &sc.Reorder }),
	"late":            readPart(func(sc *Scenario) *float64 { return &sc.Late }),
	"http_429":        readPart(func(sc *Scenario) *float64 { return &sc.TooMany }),
	"http_5xx_before": readPart(func(sc *Scenario) *float64 { return &sc.ErrorBefore }),
	"http_5xx_after":  readPart(func(sc *Scenario) *float64 { return &sc.ErrorAfter }),
	"cut":             readPart(func(sc *Scenario) *float64 { return &sc.Cut }),
	"timeout":         readPart(func(sc *Scenario) *float64 { return &sc.Timeout }),
	"balance":         readBalance,
	"senders":         readSenders,
	"inspector":       readInspector,
	"inspector_says":  readInspectorSays,
	"lookup":          readLookup,
}

// ParseScenario reads a scenario from YAML or JSON. What is not there stays as
// Options have it; a key that is not known, or a value that makes no sense, is a
// *Misreading.
func ParseScenario(text []byte) (Scenario, error) {
	var sc Scenario
	if strings.HasPrefix(strings.TrimSpace(string(text)), "{") {
		// JSON may be indented by tabs, which YAML does not know; no value holds one.
		text = []byte(strings.ReplaceAll(string(text), "\t", " "))
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return sc, unreadable(err)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return sc, nil
	}
	if len(file.Docs) > 1 {
		return sc, &Misreading{Line: file.Docs[1].Start.Position.Line, Detail: "a second document after ---; one is read"}
	}
	err = each(file.Docs[0].Body, "", func(key string, value ast.Node) error {
		read, known := scenarioKeys[key]
		if !known {
			return fmt.Errorf("unknown key; there are %s", strings.Join(slices.Sorted(maps.Keys(scenarioKeys)), ", "))
		}
		if _, null := value.(*ast.NullNode); null {
			return nil
		}
		return read(&sc, key, value)
	})
	if err != nil {
		return Scenario{}, err
	}
	return sc, nil
}

// each visits the entries of the block at path; an error of visit gets the entry's place.
func each(n ast.Node, path string, visit func(key string, value ast.Node) error) error {
	block, ok := n.(ast.MapNode)
	if !ok {
		return &Misreading{Line: n.GetToken().Position.Line, Key: path, Detail: "a block of keys is wanted"}
	}
	for entries := block.MapRange(); entries.Next(); {
		key := entries.Key().GetToken()
		err := visit(key.Value, entries.Value())
		if _, placed := errors.AsType[*Misreading](err); placed {
			return err
		}
		if err != nil {
			return &Misreading{Line: key.Position.Line, Key: strings.TrimPrefix(path+"."+key.Value, "."), Detail: err.Error()}
		}
	}
	return nil
}

func unreadable(err error) error {
	m := &Misreading{Line: 1, Detail: "the YAML cannot be read"}
	if y, ok := errors.AsType[yaml.Error](err); ok && y.GetToken() != nil {
		m.Line, m.Detail = y.GetToken().Position.Line, "the YAML cannot be read: "+y.GetMessage()
	}
	return m
}

// scalar is the text of a plain value, quoted or not; anything else has none.
func scalar(n ast.Node) string {
	if _, plain := n.(ast.ScalarNode); !plain {
		return ""
	}
	return n.GetToken().Value
}

func readSeed(sc *Scenario, _ string, n ast.Node) (err error) {
	if sc.Seed, err = strconv.ParseUint(scalar(n), 10, 64); err != nil {
		return errors.New("a whole number, 0 or more, is wanted")
	}
	return nil
}

func readBalance(sc *Scenario, _ string, n ast.Node) error {
	balance, err := money.Parse(scalar(n))
	if err != nil {
		return errors.New("an amount of won is wanted, such as 1500 or 1500.00")
	}
	sc.Balance = &balance
	return nil
}

func readLookup(sc *Scenario, _ string, n ast.Node) error {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		return errors.New("true or false is wanted")
	}
	sc.NoLookup = !b.Value
	return nil
}

func readSenders(sc *Scenario, _ string, n ast.Node) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return errors.New("a list of sender numbers is wanted")
	}
	for _, one := range list.Values {
		number := strings.ReplaceAll(scalar(one), "-", "")
		if !senderForm(number) {
			return errors.New("one of these is no sender number")
		}
		sc.Senders = append(sc.Senders, number)
	}
	return nil
}

func readInspector(sc *Scenario, _ string, n ast.Node) error {
	if sc.Inspector = scalar(n); !slices.Contains(inspectors, sc.Inspector) {
		return fmt.Errorf("one of %s is wanted", strings.Join(inspectors, ", "))
	}
	return nil
}

func readInspectorSays(sc *Scenario, _ string, n ast.Node) error {
	sc.InspectorSays = scalar(n)
	return nil
}

func readDelay(field func(*Scenario) *time.Duration) reader {
	return func(sc *Scenario, _ string, n ast.Node) error {
		d, err := time.ParseDuration(scalar(n))
		if err != nil || d < 0 {
			return errors.New("a time with its unit is wanted, such as 200ms or 1m")
		}
		if d == 0 {
			d = -1 // none; 0 would leave it to Options
		}
		*field(sc) = d
		return nil
	}
}

func readShare(n ast.Node) (float64, error) {
	f, err := strconv.ParseFloat(scalar(n), 64)
	if err != nil || !(f >= 0 && f <= 1) { // not a number is neither
		return 0, errors.New("a share from 0 to 1 is wanted, such as 0.05")
	}
	return f, nil
}

func readPart(field func(*Scenario) *float64) reader {
	return func(sc *Scenario, _ string, n ast.Node) (err error) {
		if *field(sc), err = readShare(n); err == nil && sc.requests() > wholeShare {
			return errors.New("http_429, http_5xx_before, http_5xx_after, cut and timeout are more than 1 together")
		}
		return err
	}
}

// readCodes reads shares by raw code. A code that does not end a message is none of
// them.
func readCodes(field func(*Scenario) *map[string]float64, least, most uint16) reader {
	return func(sc *Scenario, path string, n ast.Node) error {
		table, total := map[string]float64{}, 0.0
		*field(sc) = table
		return each(n, path, func(key string, value ast.Node) (err error) {
			if code, ok := rawCode(key); !ok || code < least || code > most || code == codeCarrier {
				return fmt.Errorf("a final code from %d to %d is wanted", least, most)
			}
			if table[key], err = readShare(value); err != nil {
				return err
			}
			if total += table[key]; total > wholeShare {
				return errors.New("the shares are more than 1 together")
			}
			return nil
		})
	}
}

// wholeShare is 1, and what may be lost in adding shares.
const wholeShare = 1 + 1e-9

func rawCode(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && len(text) == 4
}
