using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Agent;

/// <summary>How a device asks its tenant for certificates. Throws <see cref="ApiException"/> (refused) and <see cref="UnreachableException"/> (no answer).</summary>
internal interface IEnrollmentTransport
{
    Task<EnrollResponse> EnrollAsync(DeviceSettings settings, ServerVerifier server, string token, EnrollRequest request, CancellationToken cancellationToken);

    Task<EnrollResponse> RenewAsync(DeviceSettings settings, ServerVerifier server, DeviceIdentity current, RenewRequest request, CancellationToken cancellationToken);
}

/// <summary>A request and its answer.</summary>
internal sealed class HttpsEnrollment : IEnrollmentTransport
{
    public async Task<EnrollResponse> EnrollAsync(DeviceSettings settings, ServerVerifier server, string token, EnrollRequest request, CancellationToken cancellationToken)
    {
        using var tenant = TenantClient.Create(settings.TenantUrl, server);
        return await tenant.EnrollAsync(settings.DeviceId, token, request, cancellationToken);
    }

    public async Task<EnrollResponse> RenewAsync(DeviceSettings settings, ServerVerifier server, DeviceIdentity current, RenewRequest request, CancellationToken cancellationToken)
    {
        using var tenant = TenantClient.Create(settings.TenantUrl, server, current.Certificate, [.. current.Chain.Intermediates]);
        return await tenant.RenewAsync(settings.DeviceId, request, cancellationToken);
    }
}

/// <summary>A connection for each request. A device's own connection would be ended by it: see <see cref="LiveEnrollment"/>.</summary>
internal sealed class MqttEnrollment : IEnrollmentTransport
{
    public async Task<EnrollResponse> EnrollAsync(DeviceSettings settings, ServerVerifier server, string token, EnrollRequest request, CancellationToken cancellationToken)
    {
        var target = new MqttTarget { DeviceId = settings.DeviceId, Server = server, Token = token, Url = MqttTarget.UrlOf(settings) };
        await using var link = await MqttLink.ConnectAsync(target, cancellationToken);
        return await link.AskAsync($"devices/{settings.DeviceId}/enroll", request, ContractsJson.Default.EnrollRequest, ContractsJson.Default.EnrollResponse, cancellationToken);
    }

    public async Task<EnrollResponse> RenewAsync(DeviceSettings settings, ServerVerifier server, DeviceIdentity current, RenewRequest request, CancellationToken cancellationToken)
    {
        var target = new MqttTarget { DeviceId = settings.DeviceId, Server = server, Identity = current, Url = MqttTarget.UrlOf(settings) };
        await using var link = await MqttLink.ConnectAsync(target, cancellationToken);
        return await AskAsync(link, settings, request, cancellationToken);
    }

    public static Task<EnrollResponse> AskAsync(MqttLink link, DeviceSettings settings, RenewRequest request, CancellationToken cancellationToken) =>
        link.AskAsync($"devices/{settings.DeviceId}/renew", request, ContractsJson.Default.RenewRequest, ContractsJson.Default.EnrollResponse, cancellationToken);
}

/// <summary>Renews over the connection that the agent has, or is about to have. With a certificate that has ended it gets none, and uses one of its own.</summary>
internal sealed class LiveEnrollment(TimeProvider time) : IEnrollmentTransport
{
    /// <summary>What is to be renewed because the connection was ended goes over the next one: to fail at once would be to come back after a backoff.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly MqttEnrollment _ownConnection = new();
    private volatile TaskCompletionSource<MqttLink> _link = NoLink();

    /// <summary>Null: there is none any more.</summary>
    public void Use(MqttLink? link)
    {
        if (link is null)
        {
            _link = NoLink();
        }
        else
        {
            _link.TrySetResult(link);
        }
    }

    public Task<EnrollResponse> EnrollAsync(DeviceSettings settings, ServerVerifier server, string token, EnrollRequest request, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("An agent that runs is enrolled.");

    public async Task<EnrollResponse> RenewAsync(DeviceSettings settings, ServerVerifier server, DeviceIdentity current, RenewRequest request, CancellationToken cancellationToken)
    {
        var link = _link.Task;
        if (!link.IsCompleted && current.NotAfter <= time.GetUtcNow())
        {
            return await _ownConnection.RenewAsync(settings, server, current, request, cancellationToken);
        }

        try
        {
            await link.WaitAsync(LongestWait, time, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new UnreachableException(MqttTarget.UrlOf(settings), UnreachableReason.Connection, $"not connected to {MqttTarget.UrlOf(settings).Authority}", e);
        }

        return await MqttEnrollment.AskAsync(await link, settings, request, cancellationToken);
    }

    private static TaskCompletionSource<MqttLink> NoLink() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
