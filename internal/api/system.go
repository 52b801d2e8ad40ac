package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/signal"
	"creditmsg/internal/site"
)

// System is what the API tells of the process that it is part of and of the installation, and
// cannot know by itself.
type System struct {
	Process       id.ID // among the processes
	Roles         []string
	StartedAt     db.Time
	Doctor        func(context.Context) (Health, error) // looks at everything; what it found lately may do
	Configuration func() string                         // in force, as YAML, without its secrets
}

// Health is what the doctor found.
type Health struct {
	OK     bool
	Checks []Check
	At     db.Time // when he looked
}

// Check is one thing that the doctor looked at.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status" enum:"ok,note,wrong" doc:"note: worth knowing."`
	Detail string `json:"detail" doc:"What was found, and what to do."`
}

// systemView is how the installation stands.
type systemView struct {
	Version   string        `json:"version"`
	Engine    string        `json:"engine" enum:"sqlite,postgres,mysql"`
	Process   ownProcess    `json:"process" doc:"The one that answers."`
	Schema    schemaView    `json:"schema"`
	Clock     clockView     `json:"clock"`
	Processes []processView `json:"processes" doc:"All that run, and those that were lost within the last hour."`
	OK        bool          `json:"ok" doc:"No check is wrong."`
	Checks    []Check       `json:"checks" doc:"As creditmsg doctor has them, half a minute old at most."`
	CheckedAt instant       `json:"checked_at"`
	Ledger    ledgerProof   `json:"ledger"`
}

type ownProcess struct {
	ID        string   `json:"id"`
	Roles     []string `json:"roles"`
	StartedAt instant  `json:"started_at"`
	Uptime    int64    `json:"uptime_seconds"`
}

type schemaView struct {
	Applied int      `json:"applied"`
	Steps   int      `json:"steps" doc:"That this program knows."`
	Pending []string `json:"pending" doc:"Names of those that are not applied."`
}

type clockView struct {
	Offset int64 `json:"offset_ms" doc:"How far the database's clock is ahead of the process's; 0 where they differ by less than could be told."`
	Sure   bool  `json:"sure" doc:"false while one of them has just jumped: no job is claimed then."`
}

// processView is a process of the installation.
type processView struct {
	ID        string   `json:"id"`
	Host      string   `json:"host"`
	PID       int      `json:"pid"`
	Roles     []string `json:"roles"`
	Version   string   `json:"version"`
	Offset    int64    `json:"clock_offset_ms" doc:"How far the database's clock is ahead of its own."`
	StartedAt instant  `json:"started_at"`
	SeenAt    instant  `json:"seen_at"`
	Lost      bool     `json:"lost" doc:"It was not seen for a minute and a half, and did not say that it ends."`
}

func showProcess(p signal.Process, now db.Time) processView {
	return processView{p.ID.String(), p.Host, p.PID, append([]string{}, p.Roles...), p.Version, p.Ahead.Milliseconds(), instant(p.StartedAt), instant(p.SeenAt), p.Lost(now)}
}

// ledgerProof is what is known of the proofs of the whole ledger.
type ledgerProof struct {
	OK       *bool        `json:"ok" doc:"Whether the last proof found every law kept; null before the first one."`
	BegunAt  maybeInstant `json:"begun_at"`
	ProvenAt maybeInstant `json:"proven_at" doc:"When it ended."`
	Took     *int64       `json:"took_ms"`
	Sites    int          `json:"sites"`
	Entries  int64        `json:"entries"`
	Broken   int64        `json:"broken" doc:"Rows that break a law."`
	First    []brokenView `json:"first_broken" doc:"The first hundred of them."`

	RunningSince maybeInstant `json:"running_since" doc:"Of the proof that is under way; null = none is."`
	NextAt       maybeInstant `json:"next_at" doc:"When the next one begins; null while one is under way, or no worker has begun yet."`
	Problem      *string      `json:"problem" doc:"Why the last tries failed: a short word; the log says more."`
}

type brokenView struct {
	Site     string `json:"site"`
	Law      int    `json:"law"`
	EntrySeq int64  `json:"entry_seq" doc:"0 = no entry is to blame."`
	Detail   string `json:"detail" doc:"Which row it is, and what is wrong with it."`
}

func showProven(p credit.Proven) ledgerProof {
	v := ledgerProof{BegunAt: maybeInstant(p.BegunAt), ProvenAt: maybeInstant(p.EndedAt), Sites: p.Sites, Entries: p.Entries, Broken: p.Broken, First: []brokenView{},
		RunningSince: maybeInstant(p.RunningSince), NextAt: maybeInstant(p.Next), Problem: orNull(p.Stuck)}
	if p.EndedAt != 0 {
		v.OK, v.Took = new(p.OK()), new(p.Took.Milliseconds())
	}
	for _, b := range p.First {
		v.First = append(v.First, brokenView{b.Site, b.Law, b.EntrySeq, b.Row + ": " + b.Detail})
	}
	return v
}

// onSystem is an operation of the operator's on the installation as a whole.
func onSystem(id, method, path string, status int, summary, about string) operation {
	return operation{id: id, method: method, path: path, tag: "System", ability: site.Operator, house: true, status: status, summary: summary, about: about}
}

// systems declares the routes about the installation as a whole.
func systems(a *api) {
	register[struct{}, systemView](a, onSystem("getSystem", http.MethodGet, "/v1/system", http.StatusOK, "Get how the installation stands",
		"What runs, what the doctor finds, and when the ledger was last proven. Who looks often is told what the doctor found half a minute ago: it looks at every site."),
		func(ctx context.Context, _ *exchange, _ *struct{}) (*reply, error) { return a.system(ctx) })
	prove := onSystem("proveLedger", http.MethodPost, "/v1/system/prove", http.StatusAccepted, "Have the whole ledger proven now",
		"It is answered at once; `GET /v1/system` tells what is found. A worker does it, one at a time: a proof that is under way is the answer to whoever asks meanwhile, "+
			"and the next one begins after as long a rest as the last one took, a minute at least.")
	prove.unkeyed = true
	write(a, prove, func(tx *db.Tx, _ *exchange, _ *struct{}) (ledgerProof, error) {
		p, err := a.Ledger.AskProof(tx)
		return showProven(p), err
	})
	plain(a, onSystem("getConfiguration", http.MethodGet, "/v1/system/configuration", http.StatusOK, "Get the configuration in force",
		"That of the process that answers, as YAML with its secrets masked. It is changed in its file or environment."), nil,
		func(w http.ResponseWriter, _ *http.Request) {
			a.sendBytes(w, http.StatusOK, yamlMedia, []byte(a.System.Configuration()))
		})
	a.huma.OpenAPI().Paths["/v1/system/configuration"].Get.Responses["200"].Content = map[string]*huma.MediaType{yamlMedia: {Schema: &huma.Schema{Type: huma.TypeString}}}
}

// yamlMedia is that of RFC 9512.
const yamlMedia = "application/yaml"

func (a *api) system(ctx context.Context) (*reply, error) {
	found, err := a.System.Doctor(ctx)
	if err != nil {
		return nil, err
	}
	steps, err := a.DB.Migrations(ctx)
	if err != nil {
		return nil, err
	}
	v := systemView{Version: a.Version, Engine: a.DB.Engine(), Schema: schemaView{Steps: len(steps), Pending: []string{}}, Processes: []processView{},
		Clock: clockView{a.DB.ClockOffset().Milliseconds(), a.DB.ClockOK()}, OK: found.OK, Checks: found.Checks, CheckedAt: instant(found.At)}
	for _, s := range steps {
		if s.Applied {
			v.Schema.Applied++
		} else {
			v.Schema.Pending = append(v.Schema.Pending, s.Name)
		}
	}
	err = a.DB.Snapshot(ctx, "api_get_system", func(tx *db.Tx) error {
		at := a.System.StartedAt
		v.Process = ownProcess{a.System.Process.String(), append([]string{}, a.System.Roles...), instant(at), int64(tx.Now.Sub(at) / time.Second)}
		list, err := signal.Processes(tx)
		if err != nil {
			return err
		}
		v.Processes = v.Processes[:0]
		for _, p := range list {
			v.Processes = append(v.Processes, showProcess(p, tx.Now))
		}
		p, err := a.Ledger.Proven(tx)
		v.Ledger = showProven(p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, v)
}
