using System.Buffers.Text;
using System.Globalization;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Inventories;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Orders (RFC 8555 7.4): placed, read, finished, and their certificates.</summary>
internal sealed class AcmeOrderHandlers(
    AcmeRequests requests, AcmeOrders orders, AccountPolicies policies, IEnumerable<IChallengeKind> kinds, CaaCheck caa, NameReservations reservations, LeafGrants grants, CredentialInventories inventories,
    ProvisionerRegistry provisioners, Authority authority)
{
    private const int MostIdentifiers = 100;
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);
    private static readonly TimeSpan MostAhead = TimeSpan.FromHours(1);
    private readonly IChallengeKind[] _kinds = [.. kinds];

    /// <summary>Of one address: an order is rows, whoever places it.</summary>
    private readonly RateLimiter _placed = new(authority.Time, burst: 300, delay: TimeSpan.FromSeconds(1));

    public async Task NewAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        var account = BoundAccount(request);
        var wanted = request.Read(AcmeJson.Default.NewOrder);
        if (wanted.Identifiers is not { Count: > 0 and <= MostIdentifiers } requested)
        {
            throw AcmeException.Malformed(string.Create(CultureInfo.InvariantCulture, $"An order has 1 to {MostIdentifiers} identifiers."));
        }

        var identifiers = requested.Select(AcmeIdentifier.Of).Distinct().ToList();
        if (identifiers.Count > 1 && identifiers.Exists(identifier => identifier.Type == AcmeIdentifier.Permanent))
        {
            throw AcmeException.Malformed("An order of a permanent-identifier has no other identifier.");
        }

        if (identifiers.Exists(identifier => WireIdentity.IsType(identifier.Type)))
        {
            WireIdentity.RequirePair(identifiers);
        }

        provisioners.RequireIssuer(request.Provisioner);
        await RequireCertifiableAsync(request.Provisioner, account, identifiers, context.RequestAborted);
        await inventories.RequireAsync(request.Provisioner, [.. identifiers.Select(identifier => identifier.Name)], context.RequestAborted);
        var now = authority.Time.GetUtcNow();
        if (Asked(wanted.NotBefore) > now + MostAhead)
        {
            // Who holds a name for a moment must not get certificates for all the days to come.
            throw AcmeException.Malformed("notBefore is in the future.");
        }

        if (wanted.Replaces is { } replaces)
        {
            await RequireReplaceableAsync(replaces, account, identifiers, context.RequestAborted);
        }

        _placed.Reserve(ClientAddress.Of(context));
        var expires = Seconds.Floor(now + Lifetime);
        var order = new AcmeOrder
        {
            Id = AcmeId.New(),
            AccountId = account.Id,
            Status = AcmeStatus.Pending,
            Expires = expires,
            NotBefore = Asked(wanted.NotBefore),
            NotAfter = Asked(wanted.NotAfter),
            Profile = wanted.Profile,
            Replaces = wanted.Replaces,
            Authorizations = [.. identifiers.Select(identifier => Authorization(request.Provisioner, identifier, account, expires))],
        };
        _ = LeafValidity.Of(order.NotBefore, order.NotAfter, now, request.Provisioner.Authorize(order));
        await orders.AddAsync(order, now, context.RequestAborted);
        context.Response.Headers.Location = request.Links.Order(order.Id);
        await AnswerAsync(context, request.Links, order, StatusCodes.Status201Created);
    }

    public async Task ReadAsync(HttpContext context)
    {
        var (request, order) = await ReadOrderAsync(context);
        request.RequireGet();
        await AnswerAsync(context, request.Links, Found(order), StatusCodes.Status200OK);
    }

    /// <summary>A finished order is answered again; one that was signed for and not finished, by a process that died, gets that certificate.</summary>
    public async Task FinalizeAsync(HttpContext context)
    {
        var (request, found) = await ReadOrderAsync(context);
        var order = Found(found);
        if (order.Status != AcmeStatus.Valid)
        {
            if (order.StatusAt(authority.Time.GetUtcNow()) != AcmeStatus.Ready)
            {
                throw AcmeException.Of("orderNotReady", $"The order is {order.StatusAt(authority.Time.GetUtcNow())}.", StatusCodes.Status403Forbidden);
            }

            _ = BoundAccount(request);
            order = await SignAsync(request, order, CsrOf(request.Read(AcmeJson.Default.FinalizeOrder)), ClientAddress.Of(context), context.RequestAborted);
        }

        context.Response.Headers.Location = request.Links.Order(order.Id);
        await AnswerAsync(context, request.Links, order, StatusCodes.Status200OK);
    }

    public async Task CertificateAsync(HttpContext context)
    {
        var (request, certificate) = await requests.ReadAsync(context, AcmeOrders.CertificateById((string)context.Request.RouteValues["id"]!));
        request.RequireGet();
        var der = Found(certificate).Der ?? throw AcmeException.NotFound("The order has no certificate.");
        var parsed = ParsedCertificate.Parse(der);
        context.Response.ContentType = "application/pem-certificate-chain";
        await context.Response.WriteAsync(
            Pki.Files.Pem.Certificate(der) + authority.Active.SentFor(parsed.AuthorityKeyIdentifier is { } id ? id.Span : default).IssuersPem, context.RequestAborted);
    }

    private async Task<AcmeOrder> SignAsync(AcmeRequest request, AcmeOrder order, CertificateSigningRequest csr, string source, CancellationToken cancellationToken)
    {
        var provisioner = request.Provisioner;
        var grant = provisioner.Authorize(order);
        var validity = LeafValidity.Of(order.NotBefore, order.NotAfter, authority.Time.GetUtcNow(), grant);
        var leaf = await grants.ApplyAsync(provisioner, grant, csr, default, validity, cancellationToken);
        await caa.RequireAsync(provisioner, order, request.Links.AccountEverywhere(order.AccountId), cancellationToken);
        // Webhooks take their time: what was removed or changed since does not sign by its old word.
        if (!provisioners.All.Contains(provisioner))
        {
            throw new ProblemException(503, "provisioner_changed", $"The provisioner {provisioner.Name} was changed meanwhile.", TimeSpan.FromSeconds(1));
        }

        await policies.RequireAllowedAsync(request.RequiredAccount, JudgedNames.Of(leaf.Names, leaf.Contents?.Subject), cancellationToken);

        var issued = await authority.IssueAsync(
            new IssueRequest
            {
                Profile = leaf.Profile,
                Csr = csr,
                Names = leaf.Names,
                Contents = leaf.Contents,
                NotBefore = validity.NotBefore,
                NotAfter = validity.NotAfter,
                Provisioner = provisioner.Name,
                Requester = AccountPolicies.RequesterOf(provisioner.Name, grant.Subject),
                IdempotencyKey = AcmeOrders.KeyOf(order.Id),
                Tenant = authority.Options.Tenant,
                Lineage = leaf.Lineage,
                Budgets = provisioner.Options.Limits.For(provisioner, grant.BudgetKey, source),
                IsOneByNames = ProvisionerLimits.IsByNames(provisioner),
                StepProvisioner = grant.Extension,
                Issuer = provisioner.Options.Issuer,
            },
            cancellationToken);
        return await orders.FinishAsync(order.Id, issued, cancellationToken)
            ? order with { Status = AcmeStatus.Valid, Serial = issued.SerialNumber }
            : throw AcmeException.Of("orderNotReady", "The order has ended meanwhile.", StatusCodes.Status403Forbidden);
    }

    /// <summary>step writes Go's zero time for one that was not asked for.</summary>
    private static DateTimeOffset? Asked(DateTimeOffset? time) => time is { Year: 1 } ? null : time;

    private async Task RequireCertifiableAsync(AcmeProvisioner provisioner, AcmeAccount account, IReadOnlyList<AcmeIdentifier> identifiers, CancellationToken cancellationToken)
    {
        try
        {
            var names = AcmeIdentifier.NamesOf(identifiers, commonName: null);
            provisioners.RequireAllowed(provisioner, names);
            await policies.RequireAllowedAsync(account, names, cancellationToken);
            await reservations.RequireFreeAsync(names, cancellationToken);
        }
        catch (PkiException e)
        {
            throw AcmeException.RejectedIdentifier(e.Message, e);
        }
    }

    /// <summary>RFC 9773 5: the account's own certificate, of at least one of these names, that no other order has replaced. Whose an imported one is, is not on record: the names are proven before it counts as replaced.</summary>
    private async Task RequireReplaceableAsync(string certificateId, AcmeAccount account, IEnumerable<AcmeIdentifier> identifiers, CancellationToken cancellationToken)
    {
        var record = await AcmeCertificateId.FindAsync(certificateId, authority, cancellationToken);
        if (!record.IsImported && !await orders.HasAsync(account.Id, record.SerialNumber, cancellationToken))
        {
            throw AcmeException.Unauthorized("The account did not get the certificate that the order replaces.");
        }

        if (!identifiers.Select(identifier => identifier.Name).Intersect(record.Sans, StringComparer.OrdinalIgnoreCase).Any())
        {
            throw AcmeException.Malformed("The certificate that the order replaces has none of its identifiers.");
        }

        if (await orders.IsReplacedAsync(certificateId, cancellationToken))
        {
            throw AcmeException.Of("alreadyReplaced", "Another order has replaced the certificate.", StatusCodes.Status409Conflict);
        }
    }

    /// <summary>What an identifier is proven by, of the kinds that the provisioner offers. Throws <c>rejectedIdentifier</c> where it offers none.</summary>
    private AcmeAuthorization Authorization(AcmeProvisioner provisioner, AcmeIdentifier identifier, AcmeAccount account, DateTimeOffset expires) => new()
    {
        Id = AcmeId.New(),
        AccountId = account.Id,
        Identifier = identifier.Proven,
        IsWildcard = identifier.IsWildcard,
        Status = AcmeStatus.Pending,
        Expires = expires,
        Challenges = _kinds.Where(kind => provisioner.Challenges.Contains(kind.Type, StringComparer.Ordinal) && kind.CanProve(identifier.Proven, identifier.IsWildcard))
            .Select(kind => new AcmeChallenge(AcmeId.New(), kind.Type, AcmeId.New(), AcmeStatus.Pending, Validated: null, Error: null)).ToList() is { Count: > 0 } challenges
            ? challenges
            : throw AcmeException.RejectedIdentifier("This server offers no challenge by which one of the identifiers could be proven."),
    };

    /// <summary>One that still has the binding that the provisioner requires (RFC 8555 7.3.4).</summary>
    private static AcmeAccount BoundAccount(AcmeRequest request) =>
        request.RequiredAccount is var account && (account.ExternalAccountKey is not null || !request.Provisioner.RequiresExternalAccount)
            ? account
            : throw AcmeException.ExternalAccountRequired("The account is bound to no key of the operator's, or to one that was removed.");

    private Task<(AcmeRequest Request, AcmeOrder? Order)> ReadOrderAsync(HttpContext context) => requests.ReadAsync(context, AcmeOrders.ById((string)context.Request.RouteValues["id"]!));

    private static T Found<T>(T? ofOrder)
        where T : class => ofOrder ?? throw AcmeException.NotFound("The account has no such order.");

    private Task AnswerAsync(HttpContext context, AcmeLinks links, AcmeOrder order, int status)
    {
        var now = order.StatusAt(authority.Time.GetUtcNow());
        return AcmeEdge.WriteAsync(
            context.Response, status,
            new OrderAnswer(now, order.Expires, [.. order.Identifiers], [.. order.Authorizations.Select(authorization => links.Authorization(authorization.Id))], links.Finalize(order.Id))
            {
                NotBefore = order.NotBefore,
                NotAfter = order.NotAfter,
                Profile = order.Profile,
                Replaces = order.Replaces,
                Error = order.Error,
                Certificate = now == AcmeStatus.Valid ? links.Certificate(order.Id) : null,
            },
            AcmeJson.Default.OrderAnswer);
    }

    /// <summary>The request's signature is verified here, and nowhere else.</summary>
    private static CertificateSigningRequest CsrOf(FinalizeOrder sent)
    {
        if (sent.Csr is not { Length: > 0 } text || !Base64Url.IsValid(text))
        {
            throw AcmeException.Malformed("The payload has no csr in base64url.");
        }

        return CertificateSigningRequest.ParseDer(Base64Url.DecodeFromChars(text));
    }
}
