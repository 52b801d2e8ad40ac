package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// operation is what the contract says of one route.
type operation struct {
	id      string // verb and noun, unique
	method  string
	path    string
	tag     string
	summary string
	about   string
	ability string   // a token needs; "" = no token
	status  int      // of success
	codes   []string // of refusals, besides those that every route has
	body    *huma.RequestBody
	params  []*huma.Param
	example any  // of the reply
	resends bool // is told by what it is about, which is sent once, instead of by an Idempotency-Key
	unkeyed bool // changes nothing, or nothing a second time, although it is no GET: no Idempotency-Key
	quick   bool // can do with a caller who is remembered
	house   bool // is about the installation: nobody names a site, and only operators may

	staff     bool // of the house, and who signed in with a role on all sites may too
	everySite bool // an operator may ask for all sites together

	or           string // another ability that does as well; "" = none
	either       bool   // is about the installation where no site is named, and only operators may then
	personal     bool   // shows what is personal, or has it sent somewhere, and cannot mask it: a person needs personal:read besides
	secondFactor bool   // moves money or makes keys: a person gives a second factor

	of    string                        // the path whose thing it changes; "" = its own
	inOne bool                          // it changes in one transaction, together with its key
	lock  func(*db.Tx, *exchange) error // holds what orders such changes; nil = the site's row, and of the house nothing can
}

// ofHouse makes operations of the operator's on things of one kind, whose changes are ordered by
// the lock of the thing that the path names.
func ofHouse(tag string, lock func(*db.Tx, string) error) func(id, method, path string, status int, summary, about string, codes ...string) operation {
	return func(id, method, path string, status int, summary, about string, codes ...string) operation {
		return operation{id: id, method: method, path: path, tag: tag, ability: site.Operator, status: status, summary: summary, about: about, codes: codes, house: true,
			secondFactor: method != http.MethodGet, lock: func(tx *db.Tx, x *exchange) error { return lock(tx, x.request.PathValue("id")) }}
	}
}

// need is what the route asks of its caller.
func (o operation) need() access.Need {
	return access.Need{Ability: o.ability, Or: o.or, House: o.house, Staff: o.staff, Either: o.either, EverySite: o.everySite, Personal: o.personal, Guarded: o.secondFactor}
}

// writes reports whether the route takes an Idempotency-Key.
func (o operation) writes() bool { return o.ability != "" && o.method != http.MethodGet && !o.unkeyed }

// Codes that every route with a token may answer, those with a body, and every write besides.
var (
	everyCode = []string{fault.CodeUnauthenticated, fault.CodeForbidden, fault.CodeNotFound, fault.CodeMethodNotAllowed,
		fault.CodeHeadTooLarge, fault.CodeValidation, fault.CodeRateLimited, fault.CodeInternal, fault.CodeUnavailable}
	bodyCodes  = []string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia, fault.CodeNotSupported}
	writeCodes = []string{fault.CodeIdempotencyMismatch, fault.CodeIdempotencyInFlight}
	openCodes  = []string{fault.CodeMethodNotAllowed, fault.CodeHeadTooLarge, fault.CodeInternal}
)

// reply is a reply that was written already: the same bytes can be kept and given again.
type reply struct {
	Status   int
	Media    string `header:"Content-Type" hidden:"true"`
	Replayed string `header:"Idempotent-Replayed" hidden:"true"`
	Tag      string `header:"ETag" hidden:"true"`
	Language string `header:"Content-Language" hidden:"true"` // "" = nothing of it is worded for the client
	Body     []byte
	masked   bool // people are hidden in it already, if the caller may not see them
}

// rendered is the reply with v as its body; nil is an empty one.
func rendered(status int, v any) (*reply, error) {
	if v == nil {
		return &reply{Status: status}, nil
	}
	text, err := marshalJSON(v)
	if err != nil {
		return nil, err
	}
	return &reply{Status: status, Media: "application/json", Body: append(text, '\n')}, nil
}

// nothing is the reply of a deletion.
type nothing struct{}

// register declares a route whose input huma reads and checks by its type I, and
// whose reply is described by O. Errors of serve become problems.
func register[I, O any](a *api, o operation, serve func(ctx context.Context, x *exchange, in *I) (*reply, error)) {
	shape := shapeOf(reflect.TypeFor[O]())
	op := a.declared(o, shape)
	op.Middlewares = huma.Middlewares{a.hold}
	if o.ability != "" {
		op.Middlewares = huma.Middlewares{a.admit(o), a.hold}
	}
	op.MaxBodyBytes, op.BodyReadTimeout = maxBody, -1 // hold has the time
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*reply, error) {
		x := of(ctx)
		x.shape = shape
		out, err := serve(ctx, x, in)
		if err == nil {
			out, err = x.answered(out)
		}
		if err != nil {
			return nil, problemOf(x, err)
		}
		return out, nil
	})
}

// read declares a route that answers from one reading transaction. It sees one moment, since
// replies put together what several statements find: sums beside what they are of.
func read[I, O any](a *api, o operation, answer func(tx *db.Tx, x *exchange, in *I) (O, error)) {
	presents(a, o, answer)
	register[I, O](a, o, func(ctx context.Context, x *exchange, in *I) (out *reply, err error) {
		err = a.DB.Snapshot(ctx, o.metric(), func(tx *db.Tx) error {
			view, err := answer(tx, x, in)
			if err != nil {
				return err
			}
			if out, err = rendered(o.status, x.shown(view)); err != nil {
				return err
			}
			if out.masked = true; a.changes[o.path] {
				err = a.tagged(tx, x, view, out)
			}
			return err
		})
		return out, err
	})
}

// write declares a route that changes something in one transaction, together with
// its Idempotency-Key.
func write[I, O any](a *api, o operation, change func(tx *db.Tx, x *exchange, in *I) (O, error)) {
	o.inOne = true
	register[I, O](a, o, func(ctx context.Context, x *exchange, in *I) (*reply, error) {
		return a.once(ctx, x, o, func(tx *db.Tx) (*reply, error) {
			out, err := change(tx, x, in)
			if err != nil {
				return nil, err
			}
			if _, empty := any(out).(nothing); empty {
				return rendered(o.status, nil)
			}
			return rendered(o.status, out)
		})
	})
}

// plain declares a route whose bytes huma does not touch. out describes its reply,
// nil says that the description comes with the operation.
func plain(a *api, o operation, out reflect.Type, serve func(w http.ResponseWriter, r *http.Request)) {
	shape := shapeOf(out)
	op := a.declared(o, shape)
	if o.ability != "" {
		op.Middlewares = huma.Middlewares{a.admit(o)}
	}
	a.huma.OpenAPI().AddOperation(&op)
	a.huma.Adapter().Handle(&op, op.Middlewares.Handler(func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		x := of(r.Context())
		x.doing, x.shape = o.id, shape
		serve(w, r)
	}))
}

// metric names the operation's transactions: listMessages is api_list_messages.
func (o operation) metric() string {
	var b strings.Builder
	b.WriteString("api_")
	for _, r := range o.id {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// declared is the operation for huma and for the document.
func (a *api) declared(o operation, out shape) huma.Operation {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Description: o.about, Tags: []string{o.tag},
		DefaultStatus: o.status, RequestBody: o.body, Parameters: slices.Clone(o.params), Responses: map[string]*huma.Response{},
		Extensions: map[string]any{},
	}
	codes := slices.Clone(o.codes)
	if o.ability == "" {
		codes = append(codes, openCodes...)
		op.Security = []map[string][]string{}
	} else {
		codes = append(codes, everyCode...)
		op.Security = []map[string][]string{{"bearerAuth": {}}}
		op.Extensions["x-ability"] = o.ability
		o.describeNeed(&op)
		if !o.house {
			op.Parameters = append(op.Parameters, &huma.Param{Ref: "#/components/parameters/siteAsked"})
		}
		if o.method != http.MethodGet {
			codes = append(codes, bodyCodes...)
		}
		if o.writes() {
			codes = append(codes, writeCodes...)
			op.Parameters = append(op.Parameters, &huma.Param{Ref: "#/components/parameters/idempotencyKey"})
		}
	}
	if o.writes() {
		a.writers = append(a.writers, o)
	}
	a.describeRefusals(&op, codes)
	a.describeSuccess(&op, o, out.of)
	out.describe(&op)
	return op
}

// describeNeed tells programs what is asked for besides the ability.
func (o operation) describeNeed(op *huma.Operation) {
	if o.or != "" {
		op.Extensions["x-ability-or"] = o.or
	}
	if o.staff {
		op.Extensions["x-staff"] = true
	}
	if o.personal {
		op.Extensions["x-personal"] = true
	}
	if o.secondFactor {
		op.Extensions["x-second-factor"] = true
	}
}

func (a *api) describeSuccess(op *huma.Operation, o operation, out reflect.Type) {
	r := &huma.Response{Description: http.StatusText(o.status)}
	if out != nil && out != reflect.TypeFor[nothing]() {
		schema := a.huma.OpenAPI().Components.Schemas.Schema(out, true, o.id+"Reply")
		r.Content = map[string]*huma.MediaType{"application/json": {Schema: schema, Example: o.example}}
	}
	if o.writes() || o.resends {
		r.Headers = map[string]*huma.Param{"Idempotent-Replayed": {
			Description: "true when the key was used before: these are the first reply's bytes.", Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	op.Responses[strconv.Itoa(o.status)] = r
}

// describeRefusals lists the problems by status, with the codes of each.
func (a *api) describeRefusals(op *huma.Operation, names []string) {
	byStatus := map[int][]string{}
	for _, c := range codes {
		if slices.Contains(names, c.Name) {
			byStatus[c.Status] = append(byStatus[c.Status], c.Name)
		}
	}
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
	for status, list := range byStatus {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(list, ", "),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
			Extensions:  map[string]any{"x-codes": list},
		}
	}
}
