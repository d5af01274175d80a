using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>The platform's own users at RabbitMQ, which takes a certificate's CN for the login.</summary>
internal sealed class BrokerAccountNames(RabbitMqOptions options) : IReservedNames
{
    public ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken) =>
        ValueTask.FromResult(names.CommonName is { } name && (name == AmqpAccount.Name || name == options.Management.User) ? "the platform's users at the broker" : null);
}
