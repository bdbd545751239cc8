// Where a broker listens that nobody moved.

export const URL_DEFAULT = 'http://127.0.0.1:7420';
