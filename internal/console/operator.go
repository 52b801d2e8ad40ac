package console

import "creditmsg/client"

func operatorScreens() []screen {
	return []screen{{pattern: "GET /operator", do: (*page).operator}}
}

func (p *page) operator() error {
	list, err := p.api.Sites(p.ctx(), client.Paging{Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("operator", list)
}
