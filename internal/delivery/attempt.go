package delivery

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// attemptState is where a provider call stands; doc.go draws the moves.
type attemptState string

const (
	planned  attemptState = "planned"
	calling  attemptState = "calling"
	answered attemptState = "answered"
	refused  attemptState = "refused"
	notSent  attemptState = "not_sent"
	unknown  attemptState = "unknown"
	closed   attemptState = "closed"
)

// group is the members of a call that share message, batch, step and try.
type group struct {
	Site    string   `json:"site"`
	Message id.ID    `json:"-"`
	Batch   int      `json:"batch"`
	Step    int      `json:"step"`
	Try     int      `json:"try"`
	Seqs    [][2]int `json:"seqs"` // first and last of each run
	Text    string   `json:"message"`

	// Channels are what the members go over, each once; none in rows of earlier releases.
	Channels []provider.Channel `json:"channels,omitempty"`
}

func (g group) key() message.Key { return message.Key{Site: g.Site, ID: g.Message} }

// attempt is one provider call as its row keeps it.
type attempt struct {
	ID         id.ID
	Provider   string
	State      attemptState
	AskAt      db.Time // when recover looks at it
	Asked      int     // authoritative answers "not sent" so far
	Legs       int
	Groups     []group
	UpstreamID string
	CreatedAt  db.Time
	CalledAt   db.Time
	Deadline   db.Time
	AnsweredAt db.Time
	Reason     provider.Reason
	Code       string
}

// groupsOf packs the members of a call, which are in the order of their places.
func groupsOf(members []message.Recipient) []group {
	var out []group
	for _, r := range members {
		n := len(out) - 1
		if n < 0 || out[n].key() != r.Key || out[n].Batch != r.Seq.Batch() || out[n].Step != r.Step || out[n].Try != r.Try {
			out = append(out, group{Site: r.Site, Message: r.ID, Text: r.ID.String(), Batch: r.Seq.Batch(), Step: r.Step, Try: r.Try})
			n++
		}
		out[n].Channels = with(out[n].Channels, r.Channel())
		runs := out[n].Seqs
		if last := len(runs) - 1; last >= 0 && runs[last][1]+1 == int(r.Seq) {
			runs[last][1]++
			continue
		}
		out[n].Seqs = append(runs, [2]int{int(r.Seq), int(r.Seq)})
	}
	return out
}

// with adds a channel to a list that has each once.
func with(list []provider.Channel, c provider.Channel) []provider.Channel {
	if slices.Contains(list, c) {
		return list
	}
	return append(list, c)
}

func readGroups(text []byte) ([]group, error) {
	var out []group
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, err
	}
	for i := range out {
		var err error
		if out[i].Message, err = id.ParseBare(out[i].Text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// places names everyone in the call.
func (a attempt) places() []message.Place {
	var out []message.Place
	for _, g := range a.Groups {
		for _, run := range g.Seqs {
			for seq := run[0]; seq <= run[1]; seq++ {
				out = append(out, message.Place{Key: g.key(), Seq: message.Seq(seq)})
			}
		}
	}
	return out
}

// enquiry is how the provider is asked about the call.
func (a attempt) enquiry() provider.Enquiry {
	e := provider.Enquiry{ID: a.ID, UpstreamID: a.UpstreamID, At: a.CalledAt.Time(), Refs: pick(a.legs(), Reference.String)}
	for _, g := range a.Groups {
		for _, c := range g.Channels {
			e.Channels = with(e.Channels, c)
		}
	}
	return e
}

// messages names the messages in the call.
func (a attempt) messages() []message.Key {
	keys := make([]message.Key, len(a.Groups))
	for i, g := range a.Groups {
		keys[i] = g.key()
	}
	return keys
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	return string(text)
}

func pick[T, V any](list []T, value func(T) V) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = value(v)
	}
	return out
}

// insertAttempts writes calls that are planned, or begin at once. recover voids those
// still planned when the lease is over: their process is gone.
func insertAttempts(tx *db.Tx, list []attempt, lease time.Duration) error {
	n := len(list)
	askAt := func(a attempt) db.Time {
		if a.State == planned {
			return tx.Now.Add(lease)
		}
		return a.AskAt
	}
	err := tx.InsertMany("attempt",
		db.Col("id", pick(list, func(a attempt) id.ID { return a.ID })),
		db.Col("provider", pick(list, func(a attempt) string { return a.Provider })),
		db.Col("state", pick(list, func(a attempt) string { return string(a.State) })), db.Col("ask_at", pick(list, askAt)), db.Same("asked", 0, n),
		db.Col("legs", pick(list, func(a attempt) int64 { return int64(a.Legs) })),
		db.Col("members", pick(list, func(a attempt) string { return jsonText(a.Groups) })),
		db.Same("upstream_id", "", n), db.Same("created_at", tx.Now, n),
		db.Col("called_at", pick(list, func(a attempt) db.Time { return a.CalledAt })), db.Col("deadline", pick(list, func(a attempt) db.Time { return a.Deadline })),
		db.Same("answered_at", db.Time(0), n), db.Same("reason", "", n), db.Same("code", "", n))
	if err != nil {
		return fmt.Errorf("plan calls: %w", err)
	}
	return nil
}

const attemptColumns = `id, provider, state, ask_at, asked, legs, members, upstream_id, created_at, called_at, deadline, answered_at, reason, code`

func scanAttempt(r *sql.Rows) (a attempt, err error) {
	var members []byte
	if err := r.Scan(&a.ID, &a.Provider, &a.State, &a.AskAt, &a.Asked, &a.Legs, &members, &a.UpstreamID,
		&a.CreatedAt, &a.CalledAt, &a.Deadline, &a.AnsweredAt, &a.Reason, &a.Code); err != nil {
		return a, err
	}
	if a.Groups, err = readGroups(members); err != nil {
		return a, fmt.Errorf("read members of attempt %s: %w", a.ID, err)
	}
	return a, nil
}

// move takes an attempt from one state to another. It reports false when
// somebody else moved it first: then the outcome is not ours to write. What the provider
// calls it stays when a does not know it: a call in two phases has stored that by itself.
func move(tx *db.Tx, a attempt, from, to attemptState) (bool, error) {
	n, err := tx.Exec(`UPDATE attempt SET state = ?, ask_at = ?, asked = ?, members = ?, legs = ?, called_at = ?, deadline = ?, answered_at = ?, reason = ?, code = ?,
		upstream_id = CASE WHEN ? = '' THEN upstream_id ELSE ? END WHERE id = ? AND state = ?`, string(to), a.AskAt, a.Asked, jsonText(a.Groups), a.Legs,
		a.CalledAt, a.Deadline, a.AnsweredAt, string(a.Reason), a.Code, a.UpstreamID, a.UpstreamID, a.ID, string(from))
	if err != nil {
		return false, fmt.Errorf("move attempt %s from %s to %s: %w", a.ID, from, to, err)
	}
	return n == 1, nil
}

// readAttempts reads calls by their ids.
func readAttempts(tx *db.Tx, ids []id.ID) (map[id.ID]attempt, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Lookup("attempt", attemptSelect, db.Col("id", ids))
	list, err := db.Collect(rows, err, scanAttempt)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	found := make(map[id.ID]attempt, len(list))
	for _, a := range list {
		found[a.ID] = a
	}
	return found, nil
}

var attemptSelect = []string{"id", "provider", "state", "ask_at", "asked", "legs", "members", "upstream_id",
	"created_at", "called_at", "deadline", "answered_at", "reason", "code"}
