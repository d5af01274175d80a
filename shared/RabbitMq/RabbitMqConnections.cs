namespace IoTPlatform.RabbitMq;

/// <summary>Who is connected to a RabbitMQ. Needs a login with the tag <c>monitoring</c> or <c>administrator</c>.</summary>
/// <param name="management">Disposed with this.</param>
public sealed class RabbitMqConnections(RabbitMqManagement management) : IDisposable
{
    private const string Administrator = "administrator";

    /// <summary>Of all vHosts. Failures are those of <see cref="RabbitMqFailure"/>.</summary>
    public async Task<IReadOnlyList<BrokerConnection>> ListAsync(CancellationToken cancellationToken)
    {
        // A lesser login is shown its own connections only: everybody would seem to have gone.
        if (!await HasTagAsync(["monitoring", Administrator], cancellationToken))
            throw RabbitMqFailure.LoginRefused();
        return await management.ListAsync("connections?columns=user,vhost", ManagementJson.Default.BrokerConnectionArray, cancellationToken);
    }

    /// <summary>Ends all connections of one user, on every protocol. False: the login is no administrator's, and may not.</summary>
    public async Task<bool> TryCloseAsync(string user, string reason, CancellationToken cancellationToken)
    {
        if (!await HasTagAsync([Administrator], cancellationToken))
            return false;
        await management.CloseConnectionsAsync(user, reason, cancellationToken);
        return true;
    }

    private async Task<bool> HasTagAsync(string[] anyOf, CancellationToken cancellationToken) =>
        (await management.GetAsync("whoami", ManagementJson.Default.WhoAmI, cancellationToken))?.Tags.Any(anyOf.Contains) == true;

    public void Dispose() => management.Dispose();
}
