namespace IoTPlatform.Hosting;

/// <summary>Who is connected to a RabbitMQ. Needs a login with the tag <c>monitoring</c> or <c>administrator</c>.</summary>
/// <param name="management">Disposed with this.</param>
public sealed class RabbitMqConnections(RabbitMqManagement management) : IDisposable
{
    /// <summary>Of all vHosts. Failures are those of <see cref="RabbitMqFailure"/>.</summary>
    public async Task<IReadOnlyList<BrokerConnection>> ListAsync(CancellationToken cancellationToken)
    {
        // A lesser login is shown its own connections only: everybody would seem to have gone.
        var self = await management.GetAsync("whoami", ManagementJson.Default.WhoAmI, cancellationToken);
        if (self?.Tags.Any(tag => tag is "monitoring" or "administrator") != true)
            throw RabbitMqFailure.LoginRefused();
        return await management.ListAsync("connections?columns=user,vhost", ManagementJson.Default.BrokerConnectionArray, cancellationToken);
    }

    public void Dispose() => management.Dispose();
}
