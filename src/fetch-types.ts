/** What fetch takes first. The names that lib DOM has for these are not among the types of Node. */
export type FetchInput = string | URL | Request;

/** What fetch takes for headers. */
export type FetchHeaders = NonNullable<RequestInit['headers']>;
