namespace IoTPlatform.Tenant.Features.Join;

/// <summary>What the provider has just signed is not valid by this machine's clock: a matter of the clocks, which time puts right.</summary>
internal sealed class NotYetValidException(string message) : Exception(message);
