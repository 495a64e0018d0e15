import { DEFAULT_PORT } from '@postern/settings';
import { runProcess } from '@postern/process';
import { loadUpstreamUrls } from './gateway-settings.js';
import { startGateway } from './gateway.js';

runProcess('The gateway', DEFAULT_PORT, (settings) => startGateway(settings, loadUpstreamUrls(process.env)));
