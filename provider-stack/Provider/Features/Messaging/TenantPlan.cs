namespace IoTPlatform.Provider.Features.Messaging;

/// <param name="Limits">At the broker.</param>
/// <param name="CertificatesPerHour">From the provider's CA, beside those of a JOIN.</param>
internal sealed record TenantPlan(BrokerLimits Limits, int CertificatesPerHour);
