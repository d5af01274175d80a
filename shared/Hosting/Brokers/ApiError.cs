namespace IoTPlatform.Hosting;

internal sealed record ApiError(string? Error, string? Reason);
