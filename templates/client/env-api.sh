# For "source": the client talks to this environment's manager by an API key. Written by bai-dev.
export BACKEND_ENDPOINT={{managerUrl}}
export BACKEND_ENDPOINT_TYPE=api
export BACKEND_ACCESS_KEY={{accessKey}}
export BACKEND_SECRET_KEY={{secretKey}}
