package kakao

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// wish is what a site wants to become of a template at an account; "" = nothing.
type wish string

// The wishes.
const (
	wishNone     wish = ""
	wishSubmit   wish = "submit"
	wishWithdraw wish = "withdraw"
	wishComment  wish = "comment"
	wishRelease  wish = "release"
	wishRemove   wish = "remove"
)

// actWords are the acts as rows name them.
var actWords = map[provider.TemplateActs]string{provider.AddTemplate: "add", provider.ChangeTemplate: "change", provider.SubmitTemplate: "submit",
	provider.WithdrawTemplate: "withdraw", provider.CommentTemplate: "comment", provider.ReleaseTemplate: "release", provider.RemoveTemplate: "remove"}

// actOf is the act of a word; 0 = none.
func actOf(word string) provider.TemplateActs {
	for act, w := range actWords {
		if w == word {
			return act
		}
	}
	return 0
}

// goneMark begins the code of a row whose template is removed: no code begins so.
const goneMark = "~"

// row is a template at one account.
type row struct {
	site      string
	id        id.ID
	code      string
	account   string
	channelID string
	template  string // the vendor's id; "" = it has none yet
	name      string // by which it is found there before its id is known
	digest    id.ID  // of the wording that the vendor has; zero = none
	told      id.ID  // the same of the act that is under way
	state     provider.TemplateState
	wish      wish
	remark    string            // goes with the wish
	purpose   *provider.Purpose // declared to vendors that ask
	doing     provider.TemplateActs
	beganAt   db.Time
	tries     int
	problem   string
	comments  []Comment
	lookAt    db.Time
	lookedAt  db.Time
	createdAt db.Time
}

// Comment is what somebody wrote about a template.
type Comment struct {
	Text        string    `json:"text"`
	ByInspector bool      `json:"by_inspector"`
	At          time.Time `json:"at,omitzero"` // absent where the vendor does not say
}

// mostComments of a row are kept, the newest.
const mostComments = 20

var rowColumns = []string{"site_id", "id", "code", "account", "channel_id", "template_id", "name", "digest", "told", "state", "wish", "remark", "purpose",
	"doing", "began_at", "tries", "problem", "comments", "look_at", "looked_at", "created_at"}

func scanRow(rows *sql.Rows) (*row, error) {
	var r row
	var purpose, comments []byte
	var doing string
	err := rows.Scan(&r.site, &r.id, &r.code, &r.account, &r.channelID, db.Maybe(&r.template), &r.name, db.Maybe(&r.digest), db.Maybe(&r.told), db.Maybe(&r.state), db.Maybe(&r.wish),
		db.Maybe(&r.remark), db.Maybe(&purpose), db.Maybe(&doing), db.Maybe(&r.beganAt), &r.tries, db.Maybe(&r.problem), db.Maybe(&comments), &r.lookAt, db.Maybe(&r.lookedAt), &r.createdAt)
	if err != nil {
		return nil, err
	}
	r.doing = actOf(doing)
	if len(purpose) > 0 {
		if err := json.Unmarshal(purpose, &r.purpose); err != nil {
			return nil, fmt.Errorf("read the purpose of a template: %w", err)
		}
	}
	if len(comments) > 0 {
		if err := json.Unmarshal(comments, &r.comments); err != nil {
			return nil, fmt.Errorf("read the comments on a template: %w", err)
		}
	}
	return &r, nil
}

func one[T ~int64 | ~int32 | ~int | ~string | ~bool | ~[]byte | ~[16]byte](name string, v T) db.Column {
	return db.Col(name, []T{v})
}

func maybe[T ~int64 | ~int32 | ~int | ~string | ~[]byte | ~[16]byte](name string, v T) db.Column {
	return db.Opt(name, []T{v})
}

func (r *row) columns() ([]db.Column, error) {
	purpose, comments := "", ""
	if r.purpose != nil {
		text, err := json.Marshal(r.purpose)
		if err != nil {
			return nil, fmt.Errorf("write the purpose of a template: %w", err)
		}
		purpose = string(text)
	}
	if len(r.comments) > 0 {
		text, err := json.Marshal(r.comments)
		if err != nil {
			return nil, fmt.Errorf("write the comments on a template: %w", err)
		}
		comments = string(text)
	}
	return []db.Column{one("site_id", r.site), one("id", r.id), one("code", r.code), one("account", r.account), one("channel_id", r.channelID),
		maybe("template_id", r.template), one("name", r.name), maybe("digest", r.digest), maybe("told", r.told), maybe("state", r.state), maybe("wish", r.wish),
		maybe("remark", r.remark), maybe("purpose", purpose), maybe("doing", actWords[r.doing]), maybe("began_at", r.beganAt), one("tries", r.tries),
		maybe("problem", r.problem), maybe("comments", comments), one("look_at", r.lookAt), maybe("looked_at", r.lookedAt), one("created_at", r.createdAt)}, nil
}

func insert(tx *db.Tx, r *row) error {
	cols, err := r.columns()
	if err != nil {
		return err
	}
	err = tx.InsertMany("kakao_template", cols...)
	if _, is := errors.AsType[*db.Duplicate](err); is {
		err = fmt.Errorf("%w: %w", db.ErrStale, err) // another made it
	}
	if err != nil {
		return fmt.Errorf("write template %s at %s: %w", r.code, r.account, err)
	}
	return nil
}

func save(tx *db.Tx, r *row) error {
	cols, err := r.columns()
	if err == nil {
		err = tx.UpdateMany("kakao_template", []string{"site_id", "id"}, cols...)
	}
	if err != nil {
		return fmt.Errorf("write template %s at %s: %w", r.code, r.account, err)
	}
	return nil
}

func remove(tx *db.Tx, r *row) error {
	if _, err := tx.DeleteMany("kakao_template", one("site_id", r.site), one("id", r.id)); err != nil {
		return fmt.Errorf("forget template %s at %s: %w", r.code, r.account, err)
	}
	return nil
}

type lookup func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

// find reads rows by a key, with tx.LookupForUpdate to change them.
func find(look lookup, key ...db.Column) ([]*row, error) {
	rows, err := look("kakao_template", rowColumns, key...)
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("read templates at vendors: %w", err)
	}
	return found, nil
}

// byID reads one row. NotFound.
func byID(look lookup, siteID string, of id.ID) (*row, error) {
	found, err := find(look, one("site_id", siteID), one("id", of))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.Missing("template at a provider account", of.String())
	}
	return found[0], nil
}

// digestOf is the digest of what a vendor is told of a template: another wording, or another
// channel, is another template to it.
func digestOf(t message.Template, channelID string) (id.ID, error) {
	f := t.Form()
	f.ChannelID = channelID
	text, err := json.Marshal(f)
	if err != nil {
		return id.ID{}, fmt.Errorf("write template %s: %w", t.Code, err)
	}
	sum := sha256.Sum256(text)
	return id.ID(sum[:16]), nil
}

// nameLimit is the longest name of a template at a vendor.
const nameLimit = 150

// nameOf makes a name that no other template of the channel has: people's words, the code, and
// letters of the row's own id.
func nameOf(t message.Template, fresh id.ID) string {
	tag := fresh.String()
	rest := []rune(" (" + t.Code + " " + tag[len(tag)-8:] + ")")
	name := []rune(strings.TrimSpace(t.Name))
	if n := nameLimit - len(rest); len(name) > n {
		name = name[:n]
	}
	return strings.TrimSpace(string(name) + string(rest))
}

// codeOf is the code of a template for vendors that want one: 20 letters and digits.
func codeOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "T" + id.ID(sum[:16]).String()[1:20]
}
