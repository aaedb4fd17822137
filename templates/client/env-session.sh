# For "source": the client talks to this environment's webserver by a login. Written by bai-dev.
export BACKEND_ENDPOINT={{webserverUrl}}
export BACKEND_ENDPOINT_TYPE=session
unset BACKEND_ACCESS_KEY BACKEND_SECRET_KEY
printf 'Log in with "backend.ai login" as %s, password %s\n' {{email}} {{password}}
