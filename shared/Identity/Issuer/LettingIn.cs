using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// Asks a person who is signed in whether a program on the machine may work as that person. Never without the question: its redirect URI is any port of
/// the loopback address, and its client id no secret (RFC 8252 section 8.6). The answer comes back to the authorization endpoint as a ticket for this
/// one request of this one session, good for a minute and once.
/// </summary>
internal sealed class LettingIn(IssuerSessions sessions, IssuerPages pages, PortalForgery forgery, ProtectedText protection, UsedLogins used, TimeProvider time)
{
    private const string Ticket = "let_in";
    private const string Refused = "no";
    private const string Decision = "decision";
    private const string Allow = "allow";
    private const string Purpose = "let-in";
    private static readonly TimeSpan TicketLifetime = TimeSpan.FromMinutes(1);

    public async Task<IResult> AuthorizeAsync(HttpContext context, OpenIddictRequest request, SignedInAccount account, IssuerClient client, CancellationToken cancellationToken)
    {
        var answer = (string?)request[Ticket];
        if (answer == Refused)
        {
            return AuthorizationEndpoint.Refuse(Errors.AccessDenied, "It was refused.");
        }

        // What it says counts once, not how it is written: the same bytes can be spelled in more than one way.
        if (answer is not null && protection.Read(answer, Purpose) is { } ticket && ticket.StartsWith(Subject(account, request.ClientId, request.CodeChallenge), StringComparison.Ordinal)
            && await used.TryUseAsync($"let-in {ticket}", time.GetUtcNow() + TicketLifetime, cancellationToken)
            && await OpenAsync(account, client, cancellationToken) is { } own)
        {
            var principal = IssuerClaims.Principal(own, request.GetScopes(), client);
            if (request.RedirectUri == StepClient.Console)
            {
                principal.SetAuthorizationCodeLifetime(ConsoleCodes.Lifetime);
            }

            return Results.SignIn(principal, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        }

        return request.HasPromptValue(PromptValues.None)
            ? AuthorizationEndpoint.Refuse(Errors.ConsentRequired, "The person has to be asked.")
            : pages.LetIn(account.Username, client, AuthorizationEndpoint.Query(request), forgery.TokensFor(context, sessions.Current(context)));
    }

    /// <summary>The page's form. It goes on to this issuer, which checks the request again.</summary>
    public static async Task<IResult> DecideAsync(HttpContext context, LettingIn lettingIn, CancellationToken cancellationToken)
    {
        try
        {
            return await lettingIn.DecideAsync(context, cancellationToken);
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            return lettingIn.Problem(problem);
        }
    }

    private async Task<IResult> DecideAsync(HttpContext context, CancellationToken cancellationToken)
    {
        await forgery.RequireAsync(context, sessions.Current(context));
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var request = AuthorizationEndpoint.Again(form[IssuerPages.RequestField].ToString(), fulfilled: [Ticket]);
        var asked = new OpenIddictRequest(Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(request.Value));
        return form[Decision] != Allow ? pages.Decided(request.Add(Ticket, Refused))
            : await sessions.FindAsync(context) is { } account ? pages.Decided(request.Add(Ticket, protection.Protect(Subject(account, asked.ClientId, asked.CodeChallenge) + SessionToken.Create(), TicketLifetime, Purpose)))
            : pages.Decided(request); // the session has ended: it asks for a sign-in
    }

    /// <summary>One that only asks who the person is needs no session of its own: its token is good for minutes, and there is no other.</summary>
    private async Task<SignedInAccount?> OpenAsync(SignedInAccount account, IssuerClient client, CancellationToken cancellationToken)
    {
        if (!client.IsForCertificates)
        {
            return await sessions.OpenForAsync(account, client.ClientId, "browser", cancellationToken);
        }

        await sessions.UsedForAsync(account, client.ClientId, cancellationToken);
        return account;
    }

    private PortalPage Problem(ProblemException problem) => pages.Problem(problem);

    private static string Subject(SignedInAccount account, string? client, string? challenge) => $"{Convert.ToHexStringLower(account.SessionHash)} {client} {challenge} ";
}
