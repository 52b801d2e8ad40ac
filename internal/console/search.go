package console

import (
	"errors"
	"net/http"

	"creditmsg/client"
)

func searchScreens() []screen {
	return []screen{{pattern: "GET /s/{site}/search", do: (*page).search}}
}

// search finds a number in all messages of the site.
func (p *page) search() error {
	q := p.r.URL.Query()
	d := struct {
		To, Wrong string
		Page      client.Page[client.SendLog]
	}{To: q.Get("to")}
	if d.To == "" {
		return p.show("search", d)
	}
	var err error
	d.Page, err = p.api.SendLogs(p.ctx(), client.SendLogFilter{Paging: client.Paging{Limit: 50, Cursor: q.Get("cursor")}, To: d.To})
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusUnprocessableEntity {
		d.Wrong = why(err)
		return p.unfit("search", d)
	}
	if err != nil {
		return err
	}
	return p.show("search", d)
}
