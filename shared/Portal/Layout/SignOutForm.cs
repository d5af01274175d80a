namespace IoTPlatform.Portal.Layout;

/// <summary>The anti-forgery field of the form that ends the session. A class, not a record: it would print the token.</summary>
public sealed class SignOutForm(string name, string? token)
{
    public string Field => name;

    public string? Token => token;
}
