import {isIP} from 'node:net';

/** Nothing was sent: `'retry'` where another attempt may get through, `'end'` where it cannot. */
export type Unsent = 'retry' | 'end' | undefined;

type Failure = {
	readonly code?: string;
	readonly syscall?: string;
	readonly hostname?: string;
	readonly host?: string;
	readonly port?: string | number;
	readonly errors?: readonly unknown[];
};

/** Of a name lookup and a connection; the last two are Bun's words. */
const beforeSending =
	/^(?:ENOTFOUND|EAI_\w+|ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/;

/** Reading and writing fail with these too. */
const ifConnecting = /^E(?:TIMEDOUT|(?:NET|HOST)(?:UNREACH|DOWN)|ADDRNOTAVAIL|ACCES|PERM)$/;

/**
 * The client's own checks of the certificate, never a server's alert.
 *
 * @see https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const distrust =
	/^(?:C(?:ERT|RL)_|UNABLE_TO_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|PATH_LENGTH_|INVALID_(?:CA|PURPOSE)$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_ALTNAME_)/;

/** What a failure says of a request to this URL. One of several addresses, or of another host or port, says nothing. */
export function kindOf(failure: unknown, url: string): Unsent {
	const {code = '', syscall, hostname, host, port, errors} = Object(failure) as Failure;
	const to = new URL(url);
	if (![hostname, host].every(name => isHost(name, to.hostname)) || !isPort(port, to)) return undefined;
	if (errors !== undefined) {
		const kinds = Array.from(errors, each => kindOf(each, url));
		if (kinds.length === 0 || kinds.includes(undefined)) return undefined;
		return kinds.includes('end') ? 'end' : 'retry';
	}

	if (distrust.test(code)) return 'end';
	return beforeSending.test(code) || (syscall === 'connect' && ifConnecting.test(code)) ? 'retry' : undefined;
}

/** An address that a name was resolved to is not compared. */
function isHost(name: string | undefined, own: string): boolean {
	if (name === undefined) return true;
	const [said, wanted] = [bare(name), bare(own)];
	return said === wanted || (isIP(said) !== 0 && isIP(wanted) === 0);
}

function bare(host: string): string {
	return host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
}

function isPort(port: string | number | undefined, {port: own, protocol}: URL): boolean {
	return port === undefined || String(port) === (own || (protocol === 'https:' ? '443' : '80'));
}
