/** The catalogue: what a run asks Odoo for, and what it makes of the answer. The run itself is SQL, see {@code V0014}. */
package cl.smarterbot.hub.product;
