using System.Net;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt;

/// <summary>
/// Operators who read the statistics: the user name <c>$SYS</c>, which no device can have, and an access token as the password, as in
/// <c>Authorization: Bearer</c> of the API. They may do nothing else, and their connection ends with the token.
/// </summary>
internal sealed class StatisticsReaders(IServiceScopeFactory scopes, MqttSessions sessions, TimeProvider time)
{
    public const string UserName = "$SYS";

    private const int LongestClientId = 64;

    /// <summary>Of one operator.</summary>
    private const int MostConnections = 8;

    /// <summary>Where the token does not say.</summary>
    private static readonly TimeSpan LongestConnection = TimeSpan.FromHours(1);

    private static readonly AccessPolicy Access = new([], [BrokerStatistics.Filter]);

    /// <summary>The queue holds all of the statistics.</summary>
    private static readonly MqttLimits Limits = new()
    {
        PacketSize = 4 * 1024,
        MessagesPerSecond = 10,
        BytesPerSecond = 16 * 1024,
        InFlight = 16,
        Queue = 100,
        Subscriptions = 16,
        SessionExpiry = TimeSpan.Zero,
    };

    /// <summary>Beside a certificate, user name and password are not looked at.</summary>
    public static bool Is(MqttCredentials credentials) => credentials is { Certificate: null, UserName: UserName };

    public async ValueTask<AuthenticationResult> AuthenticateAsync(MqttCredentials credentials, CancellationToken cancellationToken)
    {
        if (credentials.ClientId.Length > LongestClientId || !credentials.ClientId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.ClientIdentifierNotValid, $"The client id has at most {LongestClientId} letters, digits, dots, dashes and underscores.");
        }

        if (credentials.Password is not { Length: > 0 } token || await OperatorOfAsync(token, credentials.Address) is not var (name, expiresAt))
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "The password is an operator's access token.");
        }

        var own = $"{UserName}/{name}/";
        var id = credentials.ClientId.Length > 0 ? credentials.ClientId : Guid.NewGuid().ToString("N");
        return sessions.Readers.Count(reader => reader.Identity!.Name.StartsWith(own, StringComparison.Ordinal) && reader.Identity.ClientId != id) >= MostConnections
            ? AuthenticationResult.Refused(MqttConnectReasonCode.QuotaExceeded, $"This operator has {MostConnections} connections already.")
            : AuthenticationResult.Admitted(new MqttIdentity
            {
                Name = own + id,
                ClientId = id,
                Access = Access,
                Limits = Limits,
                ReadsStatistics = true,
                ExpiresAt = expiresAt ?? time.GetUtcNow() + LongestConnection,
            });
    }

    /// <summary>As a request with this token would be: by the host's schemes and its policy. Null: it opens nothing, or not this. Throws while that can't be said.</summary>
    private async Task<(string Name, DateTimeOffset? ExpiresAt)?> OperatorOfAsync(string token, string? address)
    {
        await using var scope = scopes.CreateAsyncScope();
        var services = scope.ServiceProvider;
        if (await services.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync(Policies.Operator) is not { } policy)
        {
            return null;
        }

        var request = new DefaultHttpContext { RequestServices = services };
        request.Request.Headers.Authorization = "Bearer " + token;
        request.Connection.RemoteIpAddress = IPAddress.TryParse(address, out var ip) ? ip : null;
        foreach (var scheme in policy.AuthenticationSchemes)
        {
            var result = await request.AuthenticateAsync(scheme);
            if (result.Failure is ProblemException { Status: >= StatusCodes.Status500InternalServerError } outage)
            {
                throw outage;
            }

            if (result is { Succeeded: true, Principal: { Identity.Name: { } name } principal }
                && (await services.GetRequiredService<IAuthorizationService>().AuthorizeAsync(principal, resource: null, policy)).Succeeded)
            {
                return (name, result.Properties?.ExpiresUtc);
            }
        }

        return null;
    }
}
