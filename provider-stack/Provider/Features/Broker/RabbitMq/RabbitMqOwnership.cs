using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>Objects that this platform made on a broker carry its tag. Another object of the same name is foreign and is neither used nor deleted.</summary>
internal sealed class RabbitMqOwnership(string platformDomain)
{
    public string Tag { get; } = "iot-tenant@" + platformDomain;

    public bool Owns(VhostInfo vhost) => vhost.Tags?.Contains(Tag, StringComparer.Ordinal) == true;

    public bool Owns(UserInfo user) => user.Tags.Contains(Tag, StringComparer.Ordinal);

    /// <summary>Throws before anything is granted.</summary>
    public void Require(BrokerTenant tenant, VhostInfo? vhost, UserInfo? user)
    {
        if (vhost is not null && !Owns(vhost))
        {
            throw Taken($"The broker has a vHost {tenant.Namespace} that this platform did not make. Remove it, or remove the tenant and give it another id.");
        }

        if (user is not null && !Owns(user))
        {
            throw Taken(
                $"The broker has a user {tenant.Login} that this platform did not make{(user.PasswordHash.Length > 0 ? ", and a password opens it" : "")}. Remove it, or remove the tenant and give it another id.");
        }
    }

    /// <summary>Of a user that is not a tenant's.</summary>
    public void RequireOwn(string name, UserInfo? user)
    {
        if (user is not null && !Owns(user))
        {
            throw Taken($"The broker has a user {name} that this platform did not make. Remove it: the platform makes its own.");
        }
    }

    private static ProblemException Taken(string detail) => new(StatusCodes.Status503ServiceUnavailable, "broker_name_taken", detail, TimeSpan.FromSeconds(30));
}
