using System.Buffers.Text;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.CertificateAuthority.Storage;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What an order has to prove (RFC 8555 7.5): read, given up, and looked at when the client says that it is there.</summary>
internal sealed class AcmeAuthorizationHandlers(AcmeRequests requests, AcmeOrders orders, ChallengeQueue queue, ChallengeWorker worker, Authority authority)
{
    public async Task ReadAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        var authorization = await FindAsync(context, request);
        if (!request.IsGet)
        {
            if (request.Read(AcmeJson.Default.AuthorizationUpdate).Status != AcmeStatus.Deactivated)
            {
                throw AcmeException.Malformed("An authorization's status can only become deactivated.");
            }

            await orders.DeactivateAsync(authorization.Id, context.RequestAborted);
            authorization = await FindAsync(context, request);
        }

        var status = authorization.StatusAt(authority.Time.GetUtcNow());
        if (status == AcmeStatus.Pending)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        await AcmeEdge.WriteAsync(
            context.Response, StatusCodes.Status200OK,
            new AuthorizationAnswer(status, authorization.Expires, authorization.Identifier, [.. authorization.Challenges.Select(challenge => Answer(request.Links, authorization, challenge))])
            {
                Wildcard = authorization.IsWildcard ? true : null,
            },
            AcmeJson.Default.AuthorizationAnswer);
    }

    public async Task ChallengeAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        var authorization = await FindAsync(context, request);
        var challenge = Challenge(context, authorization);
        if (!request.IsGet && challenge.Status == AcmeStatus.Pending && authorization.StatusAt(authority.Time.GetUtcNow()) == AcmeStatus.Pending)
        {
            if (!request.Provisioner.Challenges.Contains(challenge.Type, StringComparer.Ordinal))
            {
                throw AcmeException.Unauthorized("The server does not take this kind of challenge any more.");
            }

            if (challenge.Type == DeviceAttestChallenge.Kind)
            {
                await AttestAsync(request, authorization, challenge, context.RequestAborted);
                authorization = await FindAsync(context, request);
                challenge = Challenge(context, authorization);
            }
            else if (!await queue.StartAsync(authorization.AccountId, challenge.Id, authority.Time.GetUtcNow(), context.RequestAborted))
            {
                challenge = Challenge(context, await FindAsync(context, request));
                if (challenge.Status == AcmeStatus.Pending)
                {
                    throw AcmeException.RateLimited($"The account has {ChallengeQueue.MostUnderWay} challenges under way. Ask for the next when one of them is over.", TimeSpan.FromSeconds(10));
                }
            }
            else
            {
                worker.Wake();
                challenge = challenge with { Status = AcmeStatus.Processing };
            }
        }

        context.Response.Headers.Append("Link", $"<{request.Links.Authorization(authorization.Id)}>;rel=\"up\"");
        if (challenge.Status == AcmeStatus.Processing)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        await AcmeEdge.WriteAsync(context.Response, StatusCodes.Status200OK, Answer(request.Links, authorization, challenge), AcmeJson.Default.ChallengeAnswer);
    }

    /// <summary>Evidence that is none ends the challenge: it is the client's one try.</summary>
    private async Task AttestAsync(AcmeRequest request, AcmeAuthorization authorization, AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        if (request.Read(AcmeJson.Default.ChallengeAttestation).AttObj is not { Length: > 0 } text || !Base64Url.IsValid(text))
        {
            throw AcmeException.Malformed("The payload has no attObj in base64url.");
        }

        var now = authority.Time.GetUtcNow();
        AcmeProblem? problem = null;
        byte[]? key = null;
        try
        {
            key = DeviceAttestChallenge.Verify(request.Provisioner, Base64Url.DecodeFromChars(text), authorization.Identifier, challenge.Token, request.RequiredAccount.Thumbprint, now);
        }
        catch (AcmeException e)
        {
            problem = e.Problem;
        }

        await Outage.GuardAsync(async () =>
        {
            await queue.FinishAsync(challenge.Id, problem, key, now, cancellationToken);
            return true;
        });
    }

    private async Task<AcmeAuthorization> FindAsync(HttpContext context, AcmeRequest request) =>
        await orders.FindAuthorizationAsync(request.RequiredAccount.Id, (string)context.Request.RouteValues["id"]!, context.RequestAborted)
        ?? throw AcmeException.NotFound("The account has no such authorization.");

    private static AcmeChallenge Challenge(HttpContext context, AcmeAuthorization authorization) =>
        authorization.Challenges.FirstOrDefault(challenge => challenge.Id == (string?)context.Request.RouteValues["challenge"]) ?? throw AcmeException.NotFound("The authorization has no such challenge.");

    private static ChallengeAnswer Answer(AcmeLinks links, AcmeAuthorization authorization, AcmeChallenge challenge) =>
        new(challenge.Type, links.Challenge(authorization.Id, challenge.Id), challenge.Token, challenge.Status) { Validated = challenge.Validated, Error = challenge.Error };
}
