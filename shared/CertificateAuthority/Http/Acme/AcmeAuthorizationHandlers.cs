using System.Collections.Frozen;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.CertificateAuthority.Storage;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What an order has to prove (RFC 8555 7.5): read, given up, and looked at when the client says that it is there.</summary>
internal sealed class AcmeAuthorizationHandlers(AcmeRequests requests, AcmeOrders orders, IEnumerable<IChallengeKind> kinds, ChallengeQueue queue, ChallengeWorker worker, Authority authority)
{
    private readonly FrozenDictionary<string, IPresentedChallenge> _presented = kinds.OfType<IPresentedChallenge>().ToFrozenDictionary(kind => kind.Type, StringComparer.Ordinal);

    public async Task ReadAsync(HttpContext context)
    {
        var (request, found) = await requests.ReadAsync(context, AcmeOrders.AuthorizationById((string)context.Request.RouteValues["id"]!));
        var authorization = Found(found);
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
            new AuthorizationAnswer(status, authorization.Expires, authorization.Identifier, [.. authorization.Challenges.Select(challenge => Answer(request, authorization, challenge))])
            {
                Wildcard = authorization.IsWildcard ? true : null,
            },
            AcmeJson.Default.AuthorizationAnswer);
    }

    public async Task ChallengeAsync(HttpContext context)
    {
        var (request, found) = await requests.ReadAsync(context, AcmeOrders.AuthorizationById((string)context.Request.RouteValues["id"]!));
        var authorization = Found(found);
        var challenge = Challenge(context, authorization);
        if (!request.IsGet && challenge.Status == AcmeStatus.Pending && authorization.StatusAt(authority.Time.GetUtcNow()) == AcmeStatus.Pending)
        {
            if (!request.Provisioner.Challenges.Contains(challenge.Type, StringComparer.Ordinal))
            {
                throw AcmeException.Unauthorized("The server does not take this kind of challenge any more.");
            }

            if (_presented.TryGetValue(challenge.Type, out var kind))
            {
                await JudgeAsync(kind, request, authorization, challenge, context.RequestAborted);
                authorization = await FindAsync(context, request);
                challenge = Challenge(context, authorization);
            }
            else
            {
                var isStarted = await worker.StartAsync(
                    authorization.AccountId, new DueChallenge(challenge.Id, challenge.Type, challenge.Token, authorization.Identifier, request.RequiredAccount.Thumbprint, Attempts: 1), context.RequestAborted);
                authorization = await FindAsync(context, request);
                challenge = Challenge(context, authorization);
                if (!isStarted && challenge.Status == AcmeStatus.Pending)
                {
                    throw AcmeException.RateLimited($"The account has {ChallengeQueue.MostUnderWay} challenges under way. Ask for the next when one of them is over.", TimeSpan.FromSeconds(10));
                }
            }
        }

        context.Response.Headers.Append("Link", $"<{request.Links.Authorization(authorization.Id)}>;rel=\"up\"");
        if (challenge.Status == AcmeStatus.Processing)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        await AcmeEdge.WriteAsync(context.Response, StatusCodes.Status200OK, Answer(request, authorization, challenge), AcmeJson.Default.ChallengeAnswer);
    }

    /// <summary>Evidence that is none ends the challenge: it is the client's one try.</summary>
    private async Task JudgeAsync(IPresentedChallenge kind, AcmeRequest request, AcmeAuthorization authorization, AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        var now = authority.Time.GetUtcNow();
        var evidence = kind.Read(request.Payload);
        AcmeProblem? problem = null;
        ChallengeProof proof = default;
        try
        {
            proof = await kind.JudgeAsync(
                new PresentedEvidence(request.Provisioner, authorization.Identifier, challenge.Token, request.Links.Challenge(authorization.Id, challenge.Id), request.RequiredAccount, evidence, now), cancellationToken);
        }
        catch (AcmeException e)
        {
            problem = e.Problem;
        }

        await Outage.GuardAsync(async () =>
        {
            await queue.FinishAsync(challenge.Id, problem, proof, now, cancellationToken);
            return true;
        });
    }

    private async Task<AcmeAuthorization> FindAsync(HttpContext context, AcmeRequest request) =>
        Found(await orders.FindAuthorizationAsync(request.RequiredAccount.Id, (string)context.Request.RouteValues["id"]!, context.RequestAborted));

    private static AcmeAuthorization Found(AcmeAuthorization? authorization) => authorization ?? throw AcmeException.NotFound("The account has no such authorization.");

    private static AcmeChallenge Challenge(HttpContext context, AcmeAuthorization authorization) =>
        authorization.Challenges.FirstOrDefault(challenge => challenge.Id == (string?)context.Request.RouteValues["challenge"]) ?? throw AcmeException.NotFound("The authorization has no such challenge.");

    private ChallengeAnswer Answer(AcmeRequest request, AcmeAuthorization authorization, AcmeChallenge challenge) =>
        new(challenge.Type, request.Links.Challenge(authorization.Id, challenge.Id), challenge.Token, challenge.Status)
        {
            Target = _presented.GetValueOrDefault(challenge.Type)?.TargetOf(request.Provisioner, authorization.Identifier),
            Validated = challenge.Validated,
            Error = challenge.Error,
        };
}
