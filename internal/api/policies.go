package api

import (
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
)

// policyView is a strategy of a site's own.
type policyView struct {
	Name      string              `json:"name"`
	Steps     message.PolicySteps `json:"steps" nullable:"false"`
	CreatedAt instant             `json:"created_at"`
	UpdatedAt instant             `json:"updated_at"`
}

func showPolicy(p message.Policy) policyView {
	return policyView{p.Name, p.Steps, instant(p.CreatedAt), instant(p.UpdatedAt)}
}

type policyNamed struct {
	Name string `path:"name" example:"lms-by-kakao"`
}

type policySet struct {
	Name string `path:"name" example:"lms-by-kakao" doc:"1 to 40 of a to z, digits, _ and -."`
	Body struct {
		Steps message.PolicySteps `json:"steps" minItems:"1" maxItems:"8" nullable:"false" doc:"In their order. A recipient takes those whose conditions hold for him, of Alimtalk and of text the first one each."`
	} `nameHint:"PolicyBody"`
}

// policies declares the routes about a site's own strategies.
func policies(a *api) {
	const path = "/v1/policies"
	of := func(id, method, path, ability, summary, about string) operation {
		return operation{id: id, method: method, path: path, tag: "Messages", ability: ability, status: http.StatusOK, summary: summary, about: about}
	}
	read(a, of("listPolicies", http.MethodGet, path, "messages:read", "List the site's own strategies, by name", ""), a.listPolicies)
	read(a, of("getPolicy", http.MethodGet, path+"/{name}", "messages:read", "Get a strategy of the site's own", ""),
		func(tx *db.Tx, x *exchange, in *policyNamed) (policyView, error) {
			p, err := message.FindPolicy(tx, x.site, in.Name)
			return showPolicy(p), err
		})
	write(a, of("setPolicy", http.MethodPut, path+"/{name}", "messages:write", "Write a strategy of the site's own",
		"A message with `strategy: policy` and this name as `policy` goes by it. It is checked here: a step that nobody can take is refused, and so is a policy by which "+
			"somebody would be sent nothing. Messages that were accepted keep the steps that they were accepted with."),
		func(tx *db.Tx, x *exchange, in *policySet) (policyView, error) {
			p, err := message.SetPolicy(tx, x.site, in.Name, in.Body.Steps)
			return showPolicy(p), err
		})
	gone := of("removePolicy", http.MethodDelete, path+"/{name}", "messages:write", "Remove a strategy of the site's own", "Messages that were accepted still go by it.")
	gone.status = http.StatusNoContent
	write(a, gone, func(tx *db.Tx, x *exchange, in *policyNamed) (nothing, error) {
		return nothing{}, message.RemovePolicy(tx, x.site, in.Name)
	})
}

func (a *api) listPolicies(tx *db.Tx, x *exchange, in *Paging) (out listOf[policyView], err error) {
	l, err := a.list(tx, x, "policies")
	if err != nil {
		return out, err
	}
	var after string
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := message.Policies(tx, x.site, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, func(p message.Policy) (policyView, error) { return showPolicy(p), nil }, func(p message.Policy) any { return p.Name })
}
