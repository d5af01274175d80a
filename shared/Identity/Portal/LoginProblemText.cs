using IoTPlatform.Identity.Oidc.Login;


namespace IoTPlatform.Identity.Portal;

/// <summary>What happened and what to do next, for people: nothing in it comes from the request.</summary>
internal static class LoginProblemText
{
    public static (int Status, string Text) Of(LoginProblem problem) => problem switch
    {
        LoginProblem.NotSetUp => (503, "The portal is not known to the identity provider yet. An administrator sets that up once (iot identity init at the provider; first boot at a tenant)."),
        LoginProblem.ProviderDown => (503, "The identity provider does not answer. Try again in a moment, or sign in with a local account."),
        LoginProblem.Misconfigured => (503, "This server is configured for another identity provider than the one that answers. An administrator finds what to set in the server's log and at /health/ready; local accounts work meanwhile."),
        LoginProblem.NoAttempt => (400, "This login was begun in another browser or window, or more than ten minutes ago. Begin again."),
        LoginProblem.AnotherAttempt => (400, "This is the answer to another login than the last one begun in this browser. Begin again, in one window."),
        LoginProblem.UsedBefore => (400, "This login has been used already. Begin again."),
        LoginProblem.Denied => (403, "The identity provider did not let you in, or you have cancelled. Try again, or ask an administrator."),
        LoginProblem.NoRole => (403, "You are signed in at the identity provider, but have no role here. Ask an administrator for cdm-viewer, cdm-operator or cdm-admin, or sign in as somebody else."),
        LoginProblem.Malformed => (400, "The identity provider's answer can't be read. Begin again."),
        _ => (403, "The identity provider's answer can't be accepted. Begin again; when it happens again, the server's log has the reason."),
    };
}
