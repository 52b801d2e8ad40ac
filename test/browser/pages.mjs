// The pages of the console, by who opens them. A test compares the list with the program's routes.
export const pages = {
  nobody: ["/console/sign-in"],
  owner: ["/console/s/demo-rich", "/console/s/demo-rich/messages", "/console/s/demo-rich/messages?status=done", "/console/me", "/console/me/password", "/console/me/factor"],
  operator: ["/console/operator", "/console/s/demo-cheap"],
};
