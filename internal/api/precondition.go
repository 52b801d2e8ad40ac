package api

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// Two people who change the same setting, each by what he read before, would otherwise undo each
// other's work without knowing. So what can be read at a path and changed there has an ETag, and
// a change that names one in If-Match happens only if the setting is still like that.

// presenter gives what GET of a path would answer to the request's caller now, as bytes that the
// ETag is made of.
type presenter func(tx *db.Tx, x *exchange) ([]byte, error)

// settled is a view of which only a part is a setting, such as caps beside what was used of them:
// its ETag is that of the part, and it is always sent whole.
type settled interface{ setting() any }

// presents notes how the thing at a path is shown.
func presents[I, O any](a *api, o operation, answer func(*db.Tx, *exchange, *I) (O, error)) {
	_, a.partly[o.path] = any(*new(O)).(settled)
	a.present[o.path] = func(tx *db.Tx, x *exchange) ([]byte, error) {
		in := new(I)
		fromPath(reflect.ValueOf(in).Elem(), x.request)
		out, err := answer(tx, x, in)
		if err != nil {
			return nil, err
		}
		return essence(out)
	}
}

// essence is the bytes that an ETag is made of.
func essence(out any) ([]byte, error) {
	if part, ok := out.(settled); ok {
		out = part.setting()
	}
	return marshalJSON(out)
}

// fromPath fills in the fields of an input that are parameters of the path.
func fromPath(v reflect.Value, r *http.Request) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if name := f.Tag.Get("path"); name != "" {
			v.Field(i).SetString(r.PathValue(name))
		} else if f.Anonymous && f.Type.Kind() == reflect.Struct {
			fromPath(v.Field(i), r)
		}
	}
}

// shown is the path whose thing an operation changes.
func (o operation) shown() string {
	if o.of != "" {
		return o.of
	}
	return o.path
}

// conditional reports whether a change of this operation can depend on how the thing is.
func (a *api) conditional(o operation) bool {
	switch o.method {
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		return o.inOne && a.present[o.shown()] != nil && (!o.house || o.lock != nil)
	}
	return false
}

// tag makes the ETag of bytes. It is keyed: a plain digest of what holds a number would let
// whoever sees it find the number by trying.
func (a *api) tag(tx *db.Tx, x *exchange, text []byte) (string, error) {
	key, err := a.Keys.Installation(tx, site.TagKey)
	if err != nil {
		return "", err
	}
	sum := key.MAC(append([]byte("etag "+x.site+"\x00"), text...))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, nil
}

// tags reads If-Match or If-None-Match: any is *. Weak tags are left out of If-Match by who asks.
func tags(h http.Header, name string) (list []string, anything bool, err error) {
	given := strings.TrimSpace(strings.Join(h.Values(name), ","))
	if given == "*" {
		return nil, true, nil
	}
	wrong := fault.Check("/"+name, `want ETags in double quotes, separated by commas, or *`)
	for given != "" {
		weak := strings.HasPrefix(given, "W/")
		rest, quoted := strings.CutPrefix(strings.TrimPrefix(given, "W/"), `"`)
		tag, after, closed := strings.Cut(rest, `"`)
		if !quoted || !closed || strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return nil, false, wrong
		}
		if tag = `"` + tag + `"`; weak {
			tag = "W/" + tag
		}
		list = append(list, tag)
		after = strings.TrimSpace(after)
		given = strings.TrimSpace(strings.TrimPrefix(after, ","))
		if after != "" && after == given {
			return nil, false, wrong
		}
	}
	return list, false, nil
}

// unconditional refuses a request that says when it may happen to an operation that cannot tell:
// to ignore that would undo what somebody wanted kept.
func (a *api) unconditional(r *http.Request, o operation) error {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Unmodified-Since"} {
		if len(r.Header.Values(name)) > 0 && (!a.conditional(o) || name == "If-Unmodified-Since") {
			return fault.New(fault.Invalid, fault.CodeNotSupported, "%s is not possible for this request; send it without", name).At("/"+name, "not possible here")
		}
	}
	return nil
}

// underCondition makes a change if what the request says of how the thing is now is true, and gives the
// new ETag with the reply. Whoever changes a setting of the site through here holds the site's
// row from before the look until the end, so nobody's change lies between the two.
func (a *api) underCondition(tx *db.Tx, x *exchange, o operation, change func(*db.Tx) (*reply, error)) (*reply, error) {
	if !a.conditional(o) {
		return change(tx)
	}
	if err := a.order(tx, x, o); err != nil {
		return nil, err
	}
	failed, err := a.precondition(tx, x, o)
	if err != nil {
		return nil, err
	}
	out, err := change(tx)
	switch {
	case err != nil:
		return nil, err // also where the change would not have been possible anyway
	case failed:
		return nil, fault.New(fault.Conflict, fault.CodePreconditionFailed, "it was changed since it had this ETag; get it again and decide anew")
	case o.status == http.StatusNoContent:
		return out, nil
	}
	text, err := a.present[o.shown()](tx, x)
	if fault.Is(err, fault.NotFound) {
		return out, nil // whoever changed it cannot read it any more, such as a person who left the site
	}
	if err != nil {
		return nil, err
	}
	out.Tag, err = a.tag(tx, x, text)
	return out, err
}

// order locks what orders the changes of a setting: what the operation says, else the site's row.
// Of what is the installation's and no site's there may be none: two operators who change the
// same role of it in the same moment are not kept apart.
func (a *api) order(tx *db.Tx, x *exchange, o operation) error {
	if o.lock == nil && (x.site == "" || x.site == everySite) {
		return nil
	}
	if o.lock != nil {
		return o.lock(tx, x)
	}
	return site.Lock(tx, x.site)
}

// precondition says whether what the request says of how the thing is now is not true.
func (a *api) precondition(tx *db.Tx, x *exchange, o operation) (failed bool, err error) {
	h := x.request.Header
	match, none := len(h.Values("If-Match")) > 0, len(h.Values("If-None-Match")) > 0
	if !match && !none {
		return false, nil
	}
	now := ""
	text, err := a.present[o.shown()](tx, x)
	switch {
	case err == nil:
		if now, err = a.tag(tx, x, text); err != nil {
			return false, err
		}
	case !fault.Is(err, fault.NotFound):
		return false, err
	}
	if match {
		list, anything, err := tags(h, "If-Match")
		if err != nil {
			return false, err
		}
		failed = now == "" || !anything && !slices.Contains(list, now)
	}
	if none {
		same, err := a.noneMatch(h, now)
		if err != nil {
			return false, err
		}
		failed = failed || same
	}
	return failed, nil
}

// noneMatch reports whether If-None-Match names what is there now.
func (a *api) noneMatch(h http.Header, now string) (same bool, err error) {
	list, anything, err := tags(h, "If-None-Match")
	return now != "" && (anything || slices.Contains(list, now) || slices.Contains(list, "W/"+now)), err
}

// tagged gives a reply that was made for GET its ETag, and leaves its body out if the client has
// it already.
func (a *api) tagged(tx *db.Tx, x *exchange, view any, out *reply) error {
	_, partly := view.(settled)
	text, err := essence(view) // of the thing itself, whatever of it is masked
	if err != nil {
		return err
	}
	if out.Tag, err = a.tag(tx, x, text); err != nil || partly {
		return err
	}
	same, err := a.noneMatch(x.request.Header, out.Tag)
	if same {
		*out = reply{Status: http.StatusNotModified, Tag: out.Tag}
	}
	return err
}

// describeConditions writes what this file does into the document, once all routes are declared.
func (a *api) describeConditions() {
	doc := a.huma.OpenAPI()
	header := func(name, about string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Description: about, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	doc.Components.Parameters["ifMatch"] = header("If-Match", "The ETag that GET gave: the change happens only if the thing is still like that, otherwise 412 precondition_failed. * = if it is there.")
	doc.Components.Parameters["ifAbsent"] = header("If-None-Match", "* = only if it is not there yet.")
	doc.Components.Parameters["ifNoneMatch"] = header("If-None-Match", "An ETag that GET gave: the reply is 304, without a body, if the thing is still like that.")
	tag := &huma.Param{Description: "Of the thing as it is now; for If-Match and If-None-Match.", Schema: &huma.Schema{Type: huma.TypeString}}
	for _, o := range a.writers {
		if !a.conditional(o) {
			continue
		}
		a.changes[o.shown()] = true
		item := doc.Paths[o.path]
		op := map[string]*huma.Operation{http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete}[o.method]
		op.Parameters = append(op.Parameters, &huma.Param{Ref: "#/components/parameters/ifMatch"}, &huma.Param{Ref: "#/components/parameters/ifAbsent"})
		a.describeRefusals(op, []string{fault.CodePreconditionFailed})
		if o.status == http.StatusOK {
			noteHeader(op.Responses["200"], tag)
		}
	}
	for path := range a.changes {
		get := doc.Paths[path].Get
		noteHeader(get.Responses["200"], tag)
		if a.partly[path] { // it is always sent whole
			continue
		}
		get.Parameters = append(get.Parameters, &huma.Param{Ref: "#/components/parameters/ifNoneMatch"})
		get.Responses["304"] = &huma.Response{Description: "It is as the client has it."}
		noteHeader(get.Responses["304"], tag)
	}
}

func noteHeader(r *huma.Response, tag *huma.Param) {
	if r.Headers == nil {
		r.Headers = map[string]*huma.Param{}
	}
	r.Headers["ETag"] = tag
}
