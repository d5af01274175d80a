using IoTPlatform.RabbitMq;


namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>A RabbitMQ that this tenant's devices connect to.</summary>
/// <param name="TlsFolder">Where it reads its certificate; null: somebody else takes care of it.</param>
/// <param name="Names">DNS names and addresses of the broker, for that certificate.</param>
/// <param name="Management">Where it says which devices are connected; null: nobody looks.</param>
internal sealed record BrokerOptions(string? TlsFolder, IReadOnlyList<string> Names, RabbitMqManagementOptions? Management);
