package console

func providerScreens() []screen {
	return []screen{
		{pattern: "GET /operator/providers", do: (*page).providers},
		{pattern: "POST /operator/providers/{name}/ask", do: (*page).askProvider},
	}
}

func (p *page) providers() error {
	list, err := p.api.Providers(p.ctx())
	if err != nil {
		return err
	}
	return p.show("providers", list.Data)
}

func (p *page) askProvider() error {
	if _, err := p.api.AskProvider(p.ctx(), p.r.PathValue("name")); err != nil {
		return p.refused(err, to("operator", "providers"))
	}
	return p.done(to("operator", "providers"), "provider.asked")
}
