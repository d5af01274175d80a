namespace IoTPlatform.Hosting;

/// <summary>Authorization policies of the portal: admin ⊃ operator ⊃ viewer.</summary>
public static class Policies
{
    public const string Admin = "admin";
    public const string Operator = "operator";
    public const string Viewer = "viewer";
}

/// <summary>An operation or a view that names who may use it. The API's endpoint and the portal's page ask the same policy, whichever of the two it is reached by.</summary>
public interface IGuarded
{
    /// <summary>One of <see cref="Policies"/>.</summary>
    static abstract string Policy { get; }
}
